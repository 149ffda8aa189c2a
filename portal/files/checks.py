from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def files_are_scanned(app_configs, **kwargs):
    """Without a scanner, files are either kept back for ever or shown unscanned."""
    if settings.CLAMD_URL:
        return []
    state = "no file can be opened" if settings.SCAN_REQUIRED else "files are shown unscanned"
    return [Warning(f"CLAMD_URL is not set: {state}.", id="files.W001")]
