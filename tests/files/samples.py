"""Files of each kind, good and bad, made in memory."""

import io
import zipfile

import pikepdf
from openpyxl import Workbook
from PIL import Image

# The test string that every scanner knows; in two parts, so that none finds it here.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Override PartName="/word/document.xml" ContentType="{}"/>{}</Types>'
)


def pdf(change=None, *, text: str = "", pages: int = 1, **save) -> bytes:
    """A PDF; ``change`` is given the open document."""
    with pikepdf.new() as document:
        for _number in range(pages):
            document.add_blank_page()
        if text:
            document.docinfo["/Title"] = text
        if change:
            change(document)
        target = io.BytesIO()
        document.save(target, **save)
    return target.getvalue()


def picture(kind: str = "PNG", size=(20, 10)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "white").save(target, kind)
    return target.getvalue()


def xlsx() -> bytes:
    book, target = Workbook(), io.BytesIO()
    book.active.append(["名称", "金额"])
    book.save(target)
    return target.getvalue()


def archive(parts: dict[str, bytes | str], *, comment: bytes = b"") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
        file.comment = comment
    return target.getvalue()


def docx(extra: dict[str, bytes | str] | None = None, *, more_types: str = "", main=_WORD) -> bytes:
    return archive(
        {
            "[Content_Types].xml": _TYPES.format(main, more_types),
            "word/document.xml": "<document/>",
            **(extra or {}),
        }
    )


def relations(kind: str, *, outside: bool) -> str:
    mode = ' TargetMode="External"' if outside else ""
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="http://x/{kind}" Target="http://x/y"{mode}/></Relationships>'
    )
