"""The second factor (双重验证): asked of staff where the installation says so, and taken off by the
account administrator for who has lost it."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import clock
from portal.accounts import locking
from portal.accounts.demonstration import is_demonstration
from portal.accounts.loading import is_staff
from portal.accounts.models import User
from portal.accounts.users import UserRefused, end_sessions
from portal.audit.recording import record
from portal.notices.outbox import enqueue

SETUP = "mfa_activate_totp"
# What stays open until it is set up: setting it up, signing out, help, and how the page looks.
_OPEN = ("mfa_", "account_", "help_", "session_", "set_")
_OPEN_NAMES = frozenset({"healthz", "readyz", "contact"})
_RECOVERY = Authenticator.Type.RECOVERY_CODES

CHECKS = [
    ("in_person", gettext_lazy("当面核对身份证件")),
    ("video", gettext_lazy("视频核对身份证件")),
    ("letter", gettext_lazy("所在单位出具的书面证明")),
]


def has_one(user: User) -> bool:
    """Whether the user signs in with a second factor; recovery codes alone are none."""
    return Authenticator.objects.filter(user=user).exclude(type=_RECOVERY).exists()


def is_missing(user) -> bool:
    """Whether the user must set one up before anything else."""
    return (
        settings.SECOND_FACTOR_REQUIRED
        and user.is_authenticated
        and not is_demonstration(user.email)
        and is_staff(user)
        and not has_one(user)
    )


def required_middleware(get_response):
    """Lead staff without a second factor to its setting up, whatever page they ask for."""

    def middleware(request):
        if (
            settings.SECOND_FACTOR_REQUIRED
            and not _stays_open(request.path_info)
            and is_missing(request.user)
        ):
            return _to_setup(request)
        return get_response(request)

    return middleware


def _stays_open(path: str) -> bool:
    try:
        name = resolve(path).url_name or ""
    except Resolver404:
        return True
    return name in _OPEN_NAMES or name.startswith(_OPEN)


def _to_setup(request):
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(SETUP)})
    messages.warning(
        request,
        _("本系统要求工作人员和评审专家启用双重验证。请用手机验证器扫描二维码，启用后即可继续。"),
    )
    return redirect(SETUP)


@transaction.atomic
def reset(user: User, *, actor, checked: str, reason: str) -> User:
    """Take off a lost second factor with its recovery codes, after the identity was checked.

    All sessions end: who found the device is out. The person is told. Raises ``UserRefused``: own, reason_missing, no_second_factor.
    """
    if actor == user:
        raise UserRefused("own")
    if not reason.strip():
        raise UserRefused("reason_missing")
    # Of two at once the second finds nothing to delete.
    removed, _rows = Authenticator.objects.filter(user=user).delete()
    if not removed:
        raise UserRefused("no_second_factor")
    locking.clear(user.email, step=locking.SECOND_FACTOR)
    end_sessions(user)
    record(
        "user.second_factor_reset",
        obj=user,
        actor=actor,
        data={"checked": checked, "reason": reason.strip()},
    )
    at = clock.now()
    enqueue(
        user,
        subject=gettext_lazy("您的双重验证已由账户管理员重置"),
        body=gettext_lazy(
            "原验证器和恢复码已失效，您在各设备上的登录均已退出。下次登录只需密码，请尽快重新启用双重验证。如非本人申请，请立即修改密码并联系账户管理员。"
        ),
        url=reverse("mfa_index"),
        dedupe_key=f"second-factor:{user.pk}:{at.timestamp()}",
        at=at,
    )
    return user
