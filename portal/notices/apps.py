from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "portal.notices"
    verbose_name = _("通知")

    def ready(self):
        from portal.notices import checks  # noqa: F401
