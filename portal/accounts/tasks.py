"""Tasks of the accounts."""

from celery import shared_task
from django.core.management import call_command

from portal import clock
from portal.accounts import inviting, locking
from portal.accounts.models import Invitation


@shared_task(name="accounts.mail_invitation", ignore_result=True)
def mail_invitation(pk: int) -> bool:
    """Mail one invitation; a failure is left to the sweep."""
    return inviting.mail(pk)


@shared_task(name="accounts.sweep", ignore_result=True)
def sweep() -> None:
    """Mail the invitations that were missed, forget old attempts to sign in."""
    now = clock.now()
    waiting = Invitation.objects.open(at=now).filter(mailed_at__isnull=True)
    locking.sweep()
    for pk in waiting.order_by("pk").values_list("pk", flat=True)[:100]:
        inviting.mail(pk)


@shared_task(name="accounts.clear_sessions", ignore_result=True)
def clear_sessions() -> None:
    """Forget sessions that are over."""
    call_command("clearsessions")
