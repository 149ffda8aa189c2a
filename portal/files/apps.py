from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FilesConfig(AppConfig):
    name = "portal.files"
    verbose_name = _("文件")

    def ready(self):
        from portal.files import checks  # noqa: F401
