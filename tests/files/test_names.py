import pytest

from portal.files.names import clean_name, extension_of


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("营业执照.pdf", "营业执照.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\a.pdf", "a.pdf"),
        ("..", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\u200b\u2066b.pdf", "ab.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie_ x.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("𬭎𫖯䶮.pdf", "𬭎𫖯䶮.pdf"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)
def test_clean_name_is_harmless(given, cleaned):
    assert clean_name(given) == cleaned


def test_clean_name_cuts_at_255_bytes_and_keeps_the_extension():
    name = clean_name("证" * 200 + ".pdf")
    assert name == "证" * 83 + ".pdf"
    assert len(name.encode()) <= 255


@pytest.mark.parametrize(
    ("name", "extension"), [("a.PDF", "pdf"), ("a.pdf.exe", "exe"), ("a", ""), ("a.", "")]
)
def test_extension_of_is_the_last_in_lower_case(name, extension):
    assert extension_of(name) == extension
