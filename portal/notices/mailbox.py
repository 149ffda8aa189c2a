"""Mails kept in the database instead of sent, where no mail server is configured (EMAIL_URL)."""

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

from portal import clock
from portal.notices.models import Mail


class MailboxBackend(BaseEmailBackend):
    def send_messages(self, email_messages) -> int:
        now = clock.now()
        kept = []
        for message in email_messages:
            message.message()  # builds the headers: refuses a line break in one of them
            kept.append(
                Mail(
                    to=", ".join(message.recipients()),
                    subject=message.subject,
                    body=message.body,
                    kept_at=now,
                )
            )
        return len(Mail.objects.bulk_create(kept))


def is_open() -> bool:
    """Whether the kept mails may be looked at: they hold codes and links of everybody's."""
    return settings.MAILBOX_OPEN
