"""What the portal asks of allauth: names of people, locking, landing pages, events."""

import logging

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from portal import clock
from portal.accounts import locking
from portal.accounts.demonstration import is_demonstration
from portal.accounts.landing import landing_url
from portal.accounts.masking import mask_email
from portal.audit.recording import record

logger = logging.getLogger(__name__)


def told_lock(lock: locking.AccountLocked) -> ValidationError:
    until = clock.local(lock.until)
    return ValidationError(
        _("登录失败次数过多，账户已锁定，{time} 后可再试。也可以现在重置密码。").format(
            time=f"{until:%H:%M}"
        ),
        code="locked",
    )


class Adapter(DefaultAccountAdapter):
    def pre_authenticate(self, request, **credentials):
        try:
            locking.begin_attempt(credentials.get("email", ""))
        except locking.AccountLocked as lock:
            raise told_lock(lock) from lock

    def authentication_failed(self, request, **credentials):
        try:
            # The event of the lock stays although the form is refused.
            locking.attempt_failed(credentials.get("email", ""))
        except locking.AccountLocked as lock:
            raise told_lock(lock) from lock

    def authenticate(self, request, **credentials):
        user = super().authenticate(request, **credentials)
        if user is not None:
            locking.clear(credentials.get("email", ""))
        return user

    def login(self, request, user):
        super().login(request, user)
        with transaction.atomic():
            record("user.sign_in", obj=user, actor=user)

    def logout(self, request):
        user = request.user
        was_signed_in = user.is_authenticated
        super().logout(request)
        if was_signed_in:
            with transaction.atomic():
                record("user.sign_out", obj=user, actor=user)

    @transaction.atomic
    def save_user(self, request, user, form, commit=True):
        user.name = form.cleaned_data["name"]
        user.phone = form.cleaned_data["phone"]
        user = super().save_user(request, user, form, commit=commit)
        record("user.sign_up", obj=user, actor=user)
        return user

    def clean_email(self, email):
        """A demonstration's account keeps its address: under another one it would outlive it."""
        user = getattr(self.request, "user", None)
        if user is not None and user.is_authenticated and is_demonstration(user.email):
            raise ValidationError(_("演示账户不能更改电子邮箱。"), code="demonstration")
        return super().clean_email(email)

    @transaction.atomic
    def confirm_email(self, request, email_address):
        before = email_address.user.email
        confirmed = super().confirm_email(request, email_address)
        user = email_address.user
        if confirmed and before.lower() != email_address.email.lower():
            record(
                "user.email",
                obj=user,
                actor=user,
                data={"from": mask_email(before), "to": mask_email(user.email)},
            )
        return confirmed

    @transaction.atomic
    def set_password(self, user, password):
        super().set_password(user, password)
        locking.clear(user.email)
        record("user.password", obj=user, actor=user)

    def get_login_redirect_url(self, request):
        return landing_url(request.user)

    def get_signup_redirect_url(self, request):
        return landing_url(request.user)

    def send_mail(self, template_prefix, email, context):
        """A code or a link is asked for again if the mail server is down; the page says so.

        Links begin with the portal's own address, whatever name the request came under.
        """
        came_under = self.request.build_absolute_uri("/")
        own = {
            name: f"{settings.SITE_URL}/{value.removeprefix(came_under)}"
            for name, value in context.items()
            if isinstance(value, str) and value.startswith(came_under)
        }
        try:
            super().send_mail(template_prefix, email, context | own | {"site": settings.SITE_URL})
        except OSError:
            logger.exception("a mail of sign-in could not be sent")
            messages.error(self.request, _("邮件暂时发不出去，请稍后重新获取。"))

    def send_account_already_exists_mail(self, email):
        """Whoever signs up under somebody else's address does not fill that person's inbox."""
        limit = {"app": "allauth.account", "action": "told", "config": {"told": "3/h/key"}}
        if ratelimit.consume(self.request, **limit, key=email.lower()):
            super().send_account_already_exists_mail(email)
