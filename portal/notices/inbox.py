"""What the inbox counts."""

from django.db.models import DateTimeField, Func

from portal.notices.models import Notice


def unread_count(user) -> int:
    """How many released notices the user has not read. One query."""
    at = Func(function="portal_now", output_field=DateTimeField())
    return Notice.objects.unread(user, at=at).count()
