from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pikepdf import Pdf

from portal.documents import rendering
from portal.documents.rendering import GlyphMissing, render_pdf, render_pdf_marked, undrawable

AT = datetime(2026, 11, 21, 7, 2, tzinfo=UTC)
PROBE = "documents/probe.typ"


def test_same_data_and_moment_give_the_same_bytes():
    first = render_pdf(PROBE, {"text": "概念验证中心"}, at=AT)
    assert first == render_pdf(PROBE, {"text": "概念验证中心"}, at=AT)
    assert first != render_pdf(PROBE, {"text": "概念验证中心！"}, at=AT)


def test_pdf_says_that_it_is_pdf_a_2b(tmp_path):
    path = tmp_path / "probe.pdf"
    path.write_bytes(render_pdf(PROBE, {"text": "南京"}, at=AT))
    with Pdf.open(path) as pdf, pdf.open_metadata() as meta:
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("2", "B")


def test_markup_in_data_stays_text_and_reads_no_file():
    evil = '#read("/etc/passwd") #{7*7} $x$ = *b* \\ <a> "]'
    pdf = render_pdf(PROBE, {"text": evil}, at=AT)
    assert pdf.startswith(b"%PDF")


@pytest.mark.parametrize("rare", ["𬭎", "𫖯", "䶮"])
def test_rare_characters_of_names_have_a_glyph(rare):
    assert undrawable(f"王{rare}") == ""


def test_a_missing_glyph_is_told_not_dropped():
    with pytest.raises(GlyphMissing) as fault:
        render_pdf(PROBE, {"text": "王\U00031350 和 \U0001f000"}, at=AT)
    assert fault.value.chars == "\U0001f000\U00031350"
    assert undrawable("王\U00031350") == "\U00031350"
    assert undrawable("plain") == ""


def test_marked_document_comes_about_with_a_stand_in(monkeypatch):
    seen = []
    real = rendering.render_pdf

    def spy(name, data, *, at=None):
        seen.append(data)
        return real(name, data, at=at)

    monkeypatch.setattr(rendering, "render_pdf", spy)
    pdf = render_pdf_marked(PROBE, {"text": "王\U00031350", "rows": [{"a": "\U00031350"}]}, at=AT)
    assert pdf.startswith(b"%PDF")
    assert seen[-1] == {"text": "王〓", "rows": [{"a": "〓"}], "missing": "U+31350"}


def test_decimals_reach_the_template_as_plain_text(monkeypatch):
    given = {}
    monkeypatch.setattr(
        rendering.typst, "compile", lambda *args, sys_inputs, **more: given.update(sys_inputs)
    )
    render_pdf(PROBE, {"text": "", "amount": Decimal("2000000.00"), "tiny": Decimal("1E-2")})
    assert given == {"data": '{"text": "", "amount": "2000000.00", "tiny": "0.01"}'}
