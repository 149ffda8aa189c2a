"""What the inbox counts."""

from django.db import connection

from portal.notices.models import Notice

# As ``NoticeQuerySet.unread``. The clock is read once: portal_now() alone would be called for every
# row.
_UNREAD = f"""
    SELECT count(*) FROM {Notice._meta.db_table}
    WHERE recipient_id = %s AND read_at IS NULL AND held_until <= (SELECT portal_now())
"""


def unread_count(user) -> int:
    """How many released notices the user has not read. One query for each request."""
    if not hasattr(user, "_unread_count"):
        with connection.cursor() as cursor:
            cursor.execute(_UNREAD, [user.pk])
            user._unread_count = cursor.fetchone()[0]
    return user._unread_count
