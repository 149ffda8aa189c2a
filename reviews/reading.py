"""A case as a reviewer reads it: sections in words, claims with their evidence, documents."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from applications.checks import is_blank
from applications.content import Content
from applications.entries import told
from applications.models import Attachment, Invoice, Submission
from policy.invoices import BY_CODE
from policy.schema import Section
from portal.files.models import Scan
from portal.files.scanning import may_be_shown
from portal.types import known
from reviews.masking import Mask

CONTENT, FORM, INVOICES = "content", "form", "invoices"
INVOICES_AT_ONCE = 50
SHOWN_INLINE = {"application/pdf", "image/png", "image/jpeg"}
# Builds an address of the page with some of its parameters changed.
Link = Callable[..., str]


@dataclass(frozen=True)
class Evidence:
    """Where a claim can be seen: the words of the link, and its address ("": nothing there)."""

    label: str
    url: str


@dataclass(frozen=True)
class Claim:
    """A field of the form with its answer in words, and its evidence."""

    anchor: str
    label: str
    words: str
    evidence: tuple[Evidence, ...] = ()


@dataclass
class Chapter:
    """A section as read: claims, or a table, or a word on where it stands."""

    code: str
    title: str
    claims: list[Claim] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    body: list[list[str]] = field(default_factory=list)
    link: str = ""
    count: int = 0


@dataclass(frozen=True)
class Document:
    """A document that the middle pane shows."""

    key: str
    name: str
    group: str
    file: Attachment | Submission | None = None
    blob: Any = None

    @property
    def pages(self) -> int | None:
        return self.blob.pages if self.blob else None

    @property
    def is_shown(self) -> bool:
        """Whether it may be shown at all: found clean (or scanning is switched off)."""
        return self.blob is not None and may_be_shown(self.blob)

    @property
    def is_inline(self) -> bool:
        return self.is_shown and self.blob.content_type in SHOWN_INLINE

    @property
    def scan_word(self) -> str:
        if self.blob is None:
            return ""
        # Where no scanner is set up, its administrator is told (system check, operations.md).
        return _("未查毒") if self.blob.scan == Scan.NONE else str(Scan(self.blob.scan).label)

    @property
    def scan_tone(self) -> str:
        return {"clean": "good", "infected": "bad", "pending": "neutral", "none": "neutral"}.get(
            self.blob.scan if self.blob else "", "warn"
        )


def documents(content: Content, mask: Mask, *, form: Submission | None) -> list[Document]:
    """What may be opened: the answers, the investment table, the submitted form, the files."""
    schema = content.schema
    found = [Document(CONTENT, _("申报内容"), _("申报书"))]
    if any(section.kind == "invoices" for section in schema.form.sections):
        found.append(Document(INVOICES, _("投入明细"), _("申报书")))
    if form is not None and form.form_id and mask.slots is None:
        found.append(Document(FORM, _("申报书（PDF）"), _("申报书"), form, form.form))
    for slot in schema.attachments:
        if mask.slots is not None and slot.code not in mask.slots:
            continue
        for file in content.attachments.get(slot.code, []):
            found.append(
                Document(file.uid, mask.words(file.name), str(slot.label), file, file.blob)
            )
    return found


def evidence(
    codes: Iterable[str], content: Content, mask: Mask, *, link: Link, pages: dict[str, int]
) -> tuple[Evidence, ...]:
    """Links for evidence codes: files of a slot (at the page where they were seen), fields and
    sections of the form. ``pages``: attachment uid → page."""
    schema, found = content.schema, []
    slots = {slot.code: slot for slot in schema.attachments}
    sections = {section.code: section for section in schema.form.sections}
    for code in codes:
        if code in slots:
            if mask.slots is not None and code not in mask.slots:
                continue
            files = content.attachments.get(code, [])
            found += [_file_link(file, slots[code].label, files, link, pages) for file in files]
            if not files:
                found.append(Evidence(_("{slot}（未上传）").format(slot=slots[code].label), ""))
        elif code in schema.form.fields:
            item = schema.form.fields[code]
            if not mask.hides(item):
                found.append(Evidence(str(item.label), f"{link(doc=CONTENT, page='')}#f-{code}"))
        elif code in sections:
            key = INVOICES if sections[code].kind == "invoices" else CONTENT
            anchor = "" if key == INVOICES else f"#s-{code}"
            found.append(Evidence(str(sections[code].title), f"{link(doc=key, page='')}{anchor}"))
    return tuple(found)


def _file_link(file, label, files, link, pages) -> Evidence:
    page = pages.get(file.uid)
    words = str(label)
    if len(files) > 1:
        words = f"{words} {files.index(file) + 1}"
    if page:
        words = _("{name} 第 {page} 页").format(name=words, page=page)
    return Evidence(words, link(doc=file.uid, page=page or ""))


def chapters(content: Content, mask: Mask, *, link: Link, pages: dict[str, int]) -> list[Chapter]:
    """The sections in the form's order, in words."""
    found = []
    for section in content.schema.form.sections:
        if section.kind == "review":
            continue
        chapter = _chapter(section, content, mask, link=link, pages=pages)
        if chapter.claims or chapter.body or chapter.link:
            found.append(chapter)
    return found


def _chapter(section: Section, content: Content, mask: Mask, *, link, pages) -> Chapter:
    chapter = Chapter(section.code, str(section.title))
    values = content.section_values(section)
    for item in section.fields:
        if not mask.hides(item):
            words = mask.words(told(item, values.get(item.code)))
            proof = evidence(item.evidence, content, mask, link=link, pages=pages)
            chapter.claims.append(Claim(f"f-{item.code}", str(item.label), words, proof))
    if section.kind == "table":
        columns = [column for column in known(section.table).columns if not mask.hides(column)]
        rows = content.rows.get(known(section.table).code, [])
        labels = [str(row.label) for row in known(section.table).rows]
        chapter.head = [*([""] if labels else []), *(str(column.label) for column in columns)]
        for number, row in enumerate(row for row in rows if not is_blank(row.data)):
            cells = [mask.words(told(column, row.data.get(column.code))) for column in columns]
            first = [labels[number]] if number < len(labels) else [""] * bool(labels)
            chapter.body.append([*first, *cells])
        chapter.count = len(chapter.body)
    elif section.kind == "invoices":
        chapter.link, chapter.count = link(doc=INVOICES, page=""), content.invoices.rows
    elif section.kind == "attachments":
        for slot in content.schema.attachments:
            if mask.slots is not None and slot.code not in mask.slots:
                continue
            proof = evidence([slot.code], content, mask, link=link, pages=pages)
            chapter.claims.append(Claim(f"a-{slot.code}", str(slot.label), "", proof))
    return chapter


@dataclass(frozen=True)
class SheetRow:
    """An invoice as a reviewer reads it."""

    uid: str
    position: int
    name: str
    category: str
    seller: str
    invoice_no: str
    invoice_date: str
    gross: str
    related: str
    fiscal: str


@dataclass(frozen=True)
class Sheet:
    """A page of the investment table."""

    rows: list[SheetRow]
    page: int
    pages: int
    count: int


def invoice_sheet(content: Content, mask: Mask, *, page: int, row: str = "") -> Sheet:
    """A page of the table; ``row`` (an invoice's uid) opens the page on which it stands."""
    invoices = content.application.invoices.all()
    if row and (wanted := invoices.filter(uid=row).first()):
        page = (invoices.filter(position__lt=wanted.position).count()) // INVOICES_AT_ONCE + 1
    count = content.invoices.rows
    pages = max(1, -(-count // INVOICES_AT_ONCE))
    page = min(max(page, 1), pages)
    shown = invoices[(page - 1) * INVOICES_AT_ONCE : page * INVOICES_AT_ONCE]
    return Sheet([_sheet_row(invoice, mask) for invoice in shown], page, pages, count)


def _sheet_row(invoice: Invoice, mask: Mask) -> SheetRow:
    """What could not be read of a row stands as it was typed."""

    def words(code: str) -> str:
        stored = getattr(invoice, code)
        if stored in (None, "") and invoice.raw:
            stored = invoice.raw.get(code)
        if hasattr(stored, "isoformat"):
            stored = stored.isoformat()
        plain = stored if isinstance(stored, bool) or stored is None else str(stored)
        return mask.words(told(BY_CODE[code], plain))

    gross = invoice.gross_cny
    return SheetRow(
        uid=invoice.uid,
        position=invoice.position,
        name=words("name"),
        category=words("category"),
        seller=words("seller"),
        invoice_no=words("invoice_no"),
        invoice_date=words("invoice_date"),
        gross=words("gross_cny") if gross is None else f"{gross:,.2f}",
        related=words("related_party"),
        fiscal="" if invoice.fiscal_percent is None else f"{invoice.fiscal_percent.normalize():f}",
    )


def choose(found: Sequence[Document], key: str) -> Document:
    """The document with the key, else the first."""
    return next((document for document in found if document.key == key), found[0])
