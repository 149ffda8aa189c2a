"""Files by content: one row and one file on disk for each distinct SHA-256."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Scan(models.TextChoices):
    PENDING = "pending", _("待查毒")
    CLEAN = "clean", _("已查毒")
    INFECTED = "infected", _("含病毒")
    FAILED = "failed", _("查毒失败")
    NONE = "none", _("未配置查毒")


def path_of(sha256: str) -> Path:
    """Where the bytes of this hash lie."""
    return Path(settings.BLOB_DIR) / sha256[:2] / sha256


class Blob(models.Model):
    """A stored file. The bytes lie under ``settings.BLOB_DIR`` by their hash; rows name them."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size_bytes = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100)
    pages = models.PositiveIntegerField(null=True)
    scan = models.CharField(max_length=10, choices=Scan.choices, default=Scan.PENDING)
    scan_note = models.CharField(max_length=200, blank=True)
    scanned_at = models.DateTimeField(null=True)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="blob_sha256_is_hex"
            ),
        ]
        indexes = [models.Index(fields=["scan", "stored_at"], name="blob_scan")]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size_bytes} B)"

    @property
    def path(self) -> Path:
        return path_of(self.sha256)
