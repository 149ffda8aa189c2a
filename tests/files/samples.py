"""Files of each kind, good and bad, made in memory."""

import io
import struct
import zipfile
import zlib
from functools import cache

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


def pdf_bomb(words: bytes, *, packed: int, size_bytes: int) -> bytes:
    """A PDF one of whose objects lies in a stream that unpacks to so many spaces."""
    body = _packed(b"5 0 <</A 1>>", size_bytes)
    for _time in range(packed - 1):
        body = zlib.compress(body, 9)
    target, places = io.BytesIO(), []
    target.write(b"%PDF-1.5\n")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/X 5 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<<%s/N 1/First 4/Length %d>>stream\n%s\nendstream" % (words, len(body), body),
    ]
    for number, told in enumerate(objects, 1):
        places.append((1, target.tell(), 0))
        target.write(b"%d 0 obj\n%s\nendobj\n" % (number, told))
    end = target.tell()
    rows = [(0, 0, 65535), *places, (2, 4, 0), (1, end, 0)]
    table = b"".join(struct.pack(">BIH", *row) for row in rows)
    target.write(
        b"6 0 obj\n<</Type/XRef/Size 7/W[1 4 2]/Root 1 0 R/Length %d>>stream\n%s\nendstream\n"
        b"endobj\nstartxref\n%d\n%%%%EOF\n" % (len(table), table, end)
    )
    return target.getvalue()


@cache
def _packed(head: bytes, size_bytes: int) -> bytes:
    squeeze, parts, step = zlib.compressobj(9), [], 2**20
    parts.append(squeeze.compress(head))
    for at in range(0, size_bytes, step):
        parts.append(squeeze.compress(b" " * min(step, size_bytes - at)))
    return b"".join([*parts, squeeze.flush()])


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
