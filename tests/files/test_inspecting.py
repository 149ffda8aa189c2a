import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from portal.files import inspecting
from portal.files.refusals import FileRefused
from tests.files import samples

ALL = ("pdf", "png", "jpg", "xlsx", "docx")


def _inspect(tmp_path, content: bytes, name: str, types=ALL):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return inspecting.inspect(path, name=name, types=types)


def _script(document):
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def _deep_script(document):
    action = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    document.pages[0].Annots = Array([Dictionary(Type=Name.Annot, AA=Dictionary(E=action))])


def _launch(document):
    document.Root.OpenAction = document.make_indirect(Dictionary(S=Name.Launch, F="cmd.exe"))


def _attached(document):
    document.attachments["a.txt"] = b"hidden"


def _annotation_file(document):
    stream = document.make_stream(b"hidden", Type=Name.EmbeddedFile)
    annotation = Dictionary(Type=Name.Annot, FS=Dictionary(Type=Name.Filespec, Q=stream))
    document.pages[0].Annots = Array([annotation])


def _xfa(document):
    document.Root.AcroForm = Dictionary(Fields=Array(), XFA="<xdp/>")


_PASSWORDS = pikepdf.Encryption(owner="a", user="b")
_OWNER_ONLY = pikepdf.Encryption(owner="a", user="")
_MACRO = "application/vnd.ms-word.document.macroEnabled.main+xml"
_PACKED = pikepdf.ObjectStreamMode.generate

GOOD = {
    "pdf": (samples.pdf(pages=3), "立项.PDF", "pdf", 3),
    "pdf with object streams": (samples.pdf(object_stream_mode=_PACKED), "a.pdf", "pdf", 1),
    "png": (samples.picture(), "图.png", "png", None),
    "jpg": (samples.picture("JPEG"), "图.jpeg", "jpg", None),
    "xlsx": (samples.xlsx(), "表.xlsx", "xlsx", None),
    "docx": (samples.docx(), "文.docx", "docx", None),
    "docx with a link": (
        samples.docx({"word/_rels/a.rels": samples.relations("hyperlink", outside=True)}),
        "a.docx", "docx", None,
    ),
}  # fmt: skip

BAD = {
    "empty": (b"", "a.pdf", "empty"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "a.svg", "type"),
    "html": (b"<html><script>1</script></html>", "a.pdf", "type"),
    "plain archive": (samples.archive({"a.txt": "a"}), "a.xlsx", "type"),
    "programme": (b"MZ" + bytes(100), "a.pdf", "type"),
    "old Office": (inspecting._OLE + bytes(600), "a.doc", "old_office"),
    "renamed picture": (samples.picture(), "a.pdf", "extension"),
    "renamed pdf": (samples.pdf(), "a.docx", "extension"),
    "no extension": (samples.pdf(), "合同", "extension"),
    "hidden extension": (samples.pdf(), "a.pdf.exe", "extension"),
    "encrypted pdf": (samples.pdf(encryption=_PASSWORDS), "a.pdf", "encrypted"),
    "pdf under an owner's password": (samples.pdf(encryption=_OWNER_ONLY), "a.pdf", "encrypted"),
    "encrypted docx": (
        inspecting._OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "a.docx", "encrypted",
    ),
    "script on opening": (samples.pdf(_script), "a.pdf", "active"),
    "script deep in an annotation": (samples.pdf(_deep_script), "a.pdf", "active"),
    "script in an object stream": (
        samples.pdf(_deep_script, object_stream_mode=_PACKED), "a.pdf", "active",
    ),
    "launch": (samples.pdf(_launch), "a.pdf", "active"),
    "xfa form": (samples.pdf(_xfa), "a.pdf", "active"),
    "attached file": (samples.pdf(_attached), "a.pdf", "embedded"),
    "file in an annotation": (samples.pdf(_annotation_file), "a.pdf", "embedded"),
    "cut pdf": (samples.pdf()[:-200], "a.pdf", "damaged"),
    "cut picture": (samples.picture("JPEG", (800, 800))[:-2000], "a.jpg", "damaged"),
    "cut png": (samples.picture("PNG")[:-14], "a.png", "damaged"),
    "png and archive": (samples.picture() + samples.archive({"a": "b"}), "a.png", "polyglot"),
    "png and script": (samples.picture() + b"<?php system(1)", "a.png", "polyglot"),
    "jpg and archive": (samples.picture("JPEG") + samples.archive({"a": "b"}), "a.jpg", "polyglot"),
    "jpg and RAR": (samples.picture("JPEG") + b"Rar!\x1a\x07\x01\x00", "a.jpg", "polyglot"),
    "pdf and 7z": (samples.pdf() + b"7z\xbc\xaf\x27\x1c" + bytes(70_000), "a.pdf", "polyglot"),
    "pdf and archive": (samples.pdf() + samples.docx(), "a.pdf", "polyglot"),
    "docx and tail": (samples.docx() + b"tail", "a.docx", "polyglot"),
    "docx with a comment": (
        samples.archive({"[Content_Types].xml": samples._TYPES.format(samples._WORD, "")},
                        comment=b"%PDF-1.4"), "a.docx", "polyglot",
    ),
    "pdf inside a docx's head": (
        samples.archive({"%PDF-1.4": "a", "[Content_Types].xml":
                         samples._TYPES.format(samples._WORD, "")}), "a.docx", "polyglot",
    ),
    "macro document": (samples.docx(main=_MACRO), "a.docx", "macro"),
    "macro part": (samples.docx({"word/vbaProject.bin": b"x"}), "a.docx", "macro"),
    "macro by relation": (
        samples.docx({"word/_rels/a.rels": samples.relations("vbaProject", outside=False)}),
        "a.docx", "macro",
    ),
    "template from outside": (
        samples.docx({"word/_rels/a.rels": samples.relations("attachedTemplate", outside=True)}),
        "a.docx", "active",
    ),
    "object inside": (samples.docx({"word/embeddings/a.bin": b"x"}), "a.docx", "embedded"),
    "path out of the archive": (samples.docx({"../evil": b"x"}), "a.docx", "damaged"),
    "entities": (samples.docx({"[Content_Types].xml": "<!DOCTYPE a><a/>"}), "a.docx", "active"),
    "entities in UTF-16 without its mark": (
        samples.docx({"[Content_Types].xml": "<!DOCTYPE a><a/>".encode("utf-16-le")}),
        "a.docx", "active",
    ),
    "archive bomb": (samples.docx({"word/a.xml": bytes(60 * 1024 * 1024)}), "a.docx", "bomb"),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_good_file_is_what_its_content_says(tmp_path, case):
    content, name, kind, pages = GOOD[case]
    found = _inspect(tmp_path, content, name)
    assert found == inspecting.Inspected(kind, inspecting.CONTENT_TYPES[kind], pages)


@pytest.mark.parametrize("case", BAD)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_bad_file_is_refused_with_its_reason(tmp_path, case):
    content, name, reason = BAD[case]
    with pytest.raises(FileRefused) as refusal:
        _inspect(tmp_path, content, name)
    assert refusal.value.reason == reason


def test_type_outside_the_asked_ones_is_refused_and_told_what_is_taken(tmp_path):
    with pytest.raises(FileRefused) as refusal:
        _inspect(tmp_path, samples.picture(), "a.png", types=("xlsx", "pdf"))
    assert (refusal.value.reason, refusal.value.facts) == ("type", {"types": ["pdf", "xlsx"]})


def test_picture_over_the_pixel_cap_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(inspecting, "MAX_PIXELS", 199)
    with pytest.raises(FileRefused) as refusal:
        _inspect(tmp_path, samples.picture(size=(20, 10)), "a.png")
    assert (refusal.value.reason, refusal.value.facts["width"]) == ("pixels", 20)


_MANY = 512 * 1024 * 1024
_FLATE = b"/Filter/FlateDecode"
PDF_BOMBS = {
    "object stream": (b"/Type/ObjStm" + _FLATE, 1),
    "its type spelt otherwise": (b"/Type/Obj#53tm" + _FLATE, 1),
    "called a picture": (b"/Type/XObject/Subtype/Image" + _FLATE, 1),
    "filter within a filter": (b"/Type/ObjStm/Filter[/FlateDecode/FlateDecode]", 2),
}


@pytest.mark.parametrize("case", PDF_BOMBS)
def test_pdf_that_unpacks_without_end_is_refused(tmp_path, case):
    words, times = PDF_BOMBS[case]
    with pytest.raises(FileRefused) as refusal:
        _inspect(tmp_path, samples.pdf_bomb(words, packed=times, size_bytes=_MANY), "a.pdf")
    assert refusal.value.reason == "bomb"


def test_pdf_in_the_form_of_the_bombs_is_taken_if_it_is_small(tmp_path):
    for words, times in PDF_BOMBS.values():
        content = samples.pdf_bomb(words, packed=times, size_bytes=1000)
        assert _inspect(tmp_path, content, "a.pdf").pages == 1


def test_large_part_that_would_be_read_whole_is_refused(tmp_path):
    relations = samples.relations("hyperlink", outside=True) + " " * (2 * 1024 * 1024)
    with pytest.raises(FileRefused) as refusal:
        _inspect(tmp_path, samples.docx({"word/_rels/a.rels": relations}), "a.docx")
    assert refusal.value.reason == "bomb"


def test_archive_of_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(inspecting, "MAX_ENTRIES", 2)
    with pytest.raises(FileRefused) as refusal:
        _inspect(tmp_path, samples.docx({"word/a.xml": "<a/>"}), "a.docx")
    assert refusal.value.reason == "bomb"
