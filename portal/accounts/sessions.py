"""Idle limits: 15 minutes for staff and experts, 30 for applicants, by the database's clock."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth import logout
from django.utils.translation import gettext as _

from portal import clock
from portal.accounts.loading import is_staff

STAFF_IDLE = timedelta(minutes=15)
APPLICANT_IDLE = timedelta(minutes=30)
# The session's row is written this often at most; the limit is that much longer, so that a page
# never counts on time that the server does not give.
WRITTEN_EVERY = timedelta(minutes=1)
_SEEN = "seen_at"
_LIMIT = "idle_s"


def idle_limit(user) -> timedelta:
    return STAFF_IDLE if is_staff(user) else APPLICANT_IDLE


def idle_middleware(get_response):
    """Sign out whoever was away for longer than the limit; the request goes on as a visitor's."""

    def middleware(request):
        if _SEEN in request.session or request.user.is_authenticated:
            _judge(request)
        return get_response(request)

    return middleware


def _judge(request) -> None:
    now = getattr(request, "arrived_at", None) or clock.now()
    if not request.user.is_authenticated:
        return
    seen = request.session.get(_SEEN)
    # The limit is kept beside it: a membership that is granted or ended counts from the next write.
    limit = request.session.get(_LIMIT)
    if seen is not None and limit is not None:
        away = now.timestamp() - seen
        if away > limit + WRITTEN_EVERY.total_seconds():
            logout(request)
            messages.info(request, _("您已较长时间没有操作，为安全起见已退出登录。请重新登录。"))
            return
        if 0 <= away < WRITTEN_EVERY.total_seconds():
            return
    touch(request, now=now)


def touch(request, *, now=None) -> None:
    """Begin the idle time anew."""
    request.session[_SEEN] = (now or clock.now()).timestamp()
    request.session[_LIMIT] = int(idle_limit(request.user).total_seconds())


def idle_context(request) -> dict:
    """``session_idle_s`` for the page's warning."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"session_idle_s": int(idle_limit(user).total_seconds())}
