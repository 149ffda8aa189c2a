"""What a file is, by its content; and what it must not hold. Pure: reads one file, stores nothing.

The allow-list is short: pdf, png, jpg, xlsx, docx. Everything else (SVG, HTML, archives, old
Office) is refused, whatever it is called.
"""

import mmap
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image, UnidentifiedImageError

from portal.files import pdf_checking
from portal.files.names import extension_of
from portal.files.refusals import FileRefused

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
EXTENSIONS = {"pdf": {"pdf"}, "png": {"png"}, "jpg": {"jpg", "jpeg"}, "xlsx": {"xlsx"},
              "docx": {"docx"}}  # fmt: skip
MAX_PIXELS = 40_000_000
MAX_ENTRIES = 5_000
MAX_UNPACKED_BYTES = 300 * 1024 * 1024
MAX_RATIO = 200
# Small archives may well have a high ratio; only beyond this does it count.
RATIO_COUNTS_FROM_BYTES = 10 * 1024 * 1024

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_END = b"PK\x05\x06"
# Archives that are found wherever they begin: RAR and 7z.
_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_MARKUP = (b"<script", b"<?php", b"<html", b"<svg", b"<!doctype")


@dataclass(frozen=True)
class Inspected:
    kind: str
    content_type: str
    pages: int | None = None


def inspect(path: Path, *, name: str, types: Collection[str]) -> Inspected:
    """What the file is. Raises ``FileRefused`` if it is none of ``types``, or unfit.

    ``name`` is only asked for its extension, which must be that of the content.
    """
    with path.open("rb") as file:
        head = file.read(2048)
    if not head:
        raise FileRefused("empty")
    kind = _kind(path, head)
    allowed = [code for code in CONTENT_TYPES if code in types]
    if kind is None or kind not in types:
        raise FileRefused("type", types=allowed)
    extension = extension_of(name)
    if extension not in EXTENSIONS[kind]:
        raise FileRefused("extension", extension=extension, found=kind)
    _refuse_mixture(path, kind, head)
    pages = {"pdf": _check_pdf, "png": _check_image, "jpg": _check_image}.get(kind, _check_ooxml)(
        path
    )
    return Inspected(kind, CONTENT_TYPES[kind], pages)


def _kind(path: Path, head: bytes) -> str | None:
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(path)
    if head.startswith(_OLE):
        # An OOXML file under a password is an old container with this stream inside.
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise FileRefused("encrypted")
        raise FileRefused("old_office")
    return None


# --- mixtures ----------------------------------------------------------------------


def _refuse_mixture(path: Path, kind: str, head: bytes) -> None:
    """Refuse a file that another programme would read as something else."""
    if kind != "pdf" and b"%PDF-" in head[:1024]:
        raise FileRefused("polyglot")
    if kind in {"xlsx", "docx"}:
        return  # see _check_ooxml
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - 66_000))
        if _ZIP_END in file.read():
            raise FileRefused("polyglot")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            if any(whole.find(mark) >= 0 for mark in _ARCHIVES):
                raise FileRefused("polyglot")
        if kind == "png":
            _refuse_after_png(file, size)
    if any(mark in head.lower() for mark in _MARKUP):
        raise FileRefused("polyglot")


def _refuse_after_png(file, size: int) -> None:
    """Nothing may follow the last chunk."""
    position = 8
    while position + 12 <= size:
        file.seek(position)
        header = file.read(8)
        position += 12 + int.from_bytes(header[:4], "big")
        if header[4:] == b"IEND":
            if position != size:
                raise FileRefused("polyglot")
            return
    raise FileRefused("damaged")


# --- PDF ---------------------------------------------------------------------------

_PDF_CHECK = Path(__file__).with_name("pdf_check.py")
_PDF_LIMIT_S = 40


def _check_pdf(path: Path) -> int:
    """Its pages, as told by a process whose memory and time are bounded (pdf_check.py)."""
    found = pdf_checking.verdict(path, program=_PDF_CHECK, limit_s=_PDF_LIMIT_S)
    if "refused" in found:
        raise FileRefused(found["refused"])
    return found["pages"]


# --- pictures ----------------------------------------------------------------------


def _check_image(path: Path) -> None:
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise FileRefused("pixels", width=width, height=height, limit_pixels=MAX_PIXELS)
            image.verify()
        with Image.open(path, formats=["PNG", "JPEG"]) as image:
            image.draft("RGB", (image.width // 8 or 1, image.height // 8 or 1))
            image.load()
    except Image.DecompressionBombError:
        raise FileRefused("bomb") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise FileRefused("damaged") from error


# --- OOXML -------------------------------------------------------------------------

_MAIN_PARTS = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": "docx",
}
_TYPES_PART = "[Content_Types].xml"
# Of a part that is read whole: the list of types, and relations.
_MAX_PART_BYTES = 1024 * 1024


def _content_types(archive: zipfile.ZipFile) -> set[str]:
    """The content types that an OOXML package declares; empty for any other archive."""
    try:
        entry = archive.getinfo(_TYPES_PART)
    except KeyError:
        return set()
    return {element.get("ContentType", "") for element in _part(archive, entry)}


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> ElementTree.Element:
    if entry.file_size > _MAX_PART_BYTES:
        raise FileRefused("bomb")
    return _xml(archive.read(entry))


def _xml(text: bytes) -> ElementTree.Element:
    # UTF-16, with its mark or without (a NUL), would hide them.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
        raise FileRefused("active")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise FileRefused("damaged") from error


def _office_kind(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.flag_bits & 1 for entry in archive.infolist()):
                raise FileRefused("encrypted")
            types = _content_types(archive)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, EOFError, zlib.error):
        raise FileRefused("damaged") from None
    if any("macroEnabled" in found or "vbaProject" in found for found in types):
        raise FileRefused("macro")
    kinds = {_MAIN_PARTS[found] for found in types if found in _MAIN_PARTS}
    return kinds.pop() if len(kinds) == 1 else None


def _check_ooxml(path: Path) -> None:
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED_BYTES:
                raise FileRefused("bomb")
            if unpacked > RATIO_COUNTS_FROM_BYTES and unpacked > MAX_RATIO * size:
                raise FileRefused("bomb")
            # The archive is the whole file: nothing before it, nothing behind it.
            first = min(entry.header_offset for entry in entries)
            if first != 0 or _behind_archive(path, archive):
                raise FileRefused("polyglot")
            _check_entries(archive, entries)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, EOFError, zlib.error):
        raise FileRefused("damaged") from None


def _behind_archive(path: Path, archive: zipfile.ZipFile) -> bool:
    if archive.comment:
        return True
    with path.open("rb") as file:
        file.seek(-22, 2)
        return file.read(4) != _ZIP_END


def _check_entries(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len({name.lower() for name in names}) != len(names):
        raise FileRefused("damaged")
    for entry in entries:
        name = entry.filename.lower()
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise FileRefused("damaged")
        if name.endswith("vbaproject.bin") or "/activex/" in name or "/macrosheets/" in name:
            raise FileRefused("macro")
        if "/embeddings/" in name:
            raise FileRefused("embedded")
        if name.endswith(".rels"):
            _check_relations(_part(archive, entry))
            continue
        with archive.open(entry) as part:
            while part.read(1024 * 1024):  # to the end: checks the sum, and that no size is a lie
                pass


def _check_relations(relations: ElementTree.Element) -> None:
    """Refuse what a programme would fetch or run on opening."""
    for relation in relations:
        kind = relation.get("Type", "").rsplit("/", 1)[-1]
        if kind in {"vbaProject", "wordVbaData", "activeXControl"}:
            raise FileRefused("macro")
        outside = relation.get("TargetMode") == "External"
        if outside and kind != "hyperlink":
            raise FileRefused("active")
