from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def mail_is_sent(app_configs, **kwargs):
    """Away from loopback, mails that are only kept reach nobody."""
    if settings.EMAIL_CONFIG or settings.MAILBOX_OPEN:
        return []
    return [
        Warning(
            "EMAIL_URL is not set: notices and sign-in codes are kept, and sent to nobody.",
            id="notices.W001",
        )
    ]
