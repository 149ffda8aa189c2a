"""Static files with their hash in the name, compressed."""

from functools import cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """An address is worked out once: every page names thirty, and the manifest that gives them is
    read once in the life of a process."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.url = cache(super().url)
