"""A file field that loses nothing: what was uploaded once is kept while other fields are mended."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext as _

from portal import clock
from portal.files.models import Blob
from portal.files.names import clean_name
from portal.files.storing import FileRefused, describe, store

_SALT = "accounts.upload"


class KeptFileField(forms.FileField):
    """Required or not by what is kept, which the form knows: see ``clean_kept_files``."""

    def clean(self, data, initial=None):
        return data


class KeptFilesMixin(forms.BaseForm):
    """For forms whose ``kept_files`` names file fields: {name: required}.

    A cleaned value is (blob, name), or None. Beside each stands a hidden field ``<name>_kept``
    with the signed hash of what was uploaded before.
    """

    kept_files: dict[str, bool] = {}
    file_types: Collection[str] = ("pdf", "jpg", "png")
    file_max_bytes = 10 * 1024 * 1024
    present_files: dict[str, tuple[Blob, str] | None]

    def prepare_files(self, present: dict[str, tuple[Blob, str] | None]) -> None:
        """Add the hidden fields; ``present`` is what is stored already. Call it in ``__init__``."""
        self.present_files = present
        for name in self.kept_files:
            field: Any = self.fields[name]
            field.required = self.kept_files[name]
            field.widget.attrs["accept"] = ",".join(f".{kind}" for kind in self.file_types)
            self.fields[f"{name}_kept"] = forms.CharField(required=False, widget=forms.HiddenInput)
            held = present.get(name)
            if held:
                field.note = _("已上传：{name}。如需更换，请重新选择文件。").format(name=held[1])

    def clean_kept_files(self) -> None:
        """Judge and store the uploads; call it in ``clean``."""
        for name, required in self.kept_files.items():
            self.cleaned_data[name] = self._file(name, required)

    def _file(self, name: str, required: bool) -> tuple[Blob, str] | None:
        upload = self.files.get(self.add_prefix(name))
        if upload is not None:
            label = clean_name(upload.name or "")
            try:
                blob = store(
                    upload, name=label, types=self.file_types,
                    max_bytes=self.file_max_bytes, at=clock.now(),
                )  # fmt: skip
            except FileRefused as refusal:
                self.add_error(name, describe(refusal))
                return None
            return self._keep(name, blob, label)
        kept = self._kept(name)
        if kept is not None:
            return self._keep(name, *kept)
        if self.present_files.get(name):
            return self.present_files[name]
        if required and name not in self.errors:
            self.add_error(name, describe(FileRefused("none")))
        return None

    def _keep(self, name: str, blob: Blob, label: str) -> tuple[Blob, str]:
        self.data = data = self.data.copy()  # type: ignore[attr-defined,has-type]
        data[self.add_prefix(f"{name}_kept")] = signing.dumps([blob.sha256, label], salt=_SALT)
        field: Any = self.fields[name]
        field.note = _("已上传：{name}。如需更换，请重新选择文件。").format(name=label)
        return blob, label

    def _kept(self, name: str) -> tuple[Blob, str] | None:
        try:
            sha256, label = signing.loads(
                self.data.get(self.add_prefix(f"{name}_kept"), ""), salt=_SALT, max_age=86_400
            )
        except (signing.BadSignature, ValueError, TypeError):
            return None
        blob = Blob.objects.filter(pk=sha256).first()
        return (blob, label) if blob else None
