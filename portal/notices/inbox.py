"""What the inbox counts."""

from django.db.models import DateTimeField
from django.db.models.expressions import RawSQL

from portal.notices.models import Notice


def unread_count(user) -> int:
    """How many released notices the user has not read. One query, in which the clock is read
    once: portal_now() alone would be called for every row."""
    at = RawSQL("(SELECT portal_now())", (), output_field=DateTimeField())
    return Notice.objects.unread(user, at=at).count()
