"""What the inbox counts."""

from django.db.models import DateTimeField
from django.db.models.expressions import RawSQL

from portal.notices.models import Notice


def unread_count(user) -> int:
    """How many released notices the user has not read. One query for each request, in which the
    clock is read once: portal_now() alone would be called for every row."""
    if not hasattr(user, "_unread_count"):
        at = RawSQL("(SELECT portal_now())", (), output_field=DateTimeField())
        user._unread_count = Notice.objects.unread(user, at=at).count()
    return user._unread_count
