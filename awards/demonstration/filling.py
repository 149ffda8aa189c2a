"""Filling in a case as its people do: section by section, by the verbs of the applicant's side."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from applications import amounts, attachments, content, drafts, sheets
from applications.content import ASKED_FIELDS
from applications.models import Application, Attachment
from awards.demonstration.answers import Composed, Composer, Project, attached, field_sections
from awards.demonstration.papers import Papers
from policy.money import round_cny
from policy.schema import Section
from portal import clock

# What is asked for, of what the rules would give.
ASKED_SHARES = ("1", "1", "1", "0.9", "0.8")


def fill(
    case: Application,
    project: Project,
    *,
    actor,
    random: Random,
    papers: Papers,
    share: float = 1.0,
) -> None:
    """Fill in the first ``share`` of the form's sections; 1: all of it, ready to be submitted."""
    held = content.load(case)
    made = Composer(held, project, random=random, today=clock.today()).compose()
    sections = field_sections(held.schema)
    count = max(1, round(len(sections) * share))
    given = {
        section.code: made.sections[section.code]
        for section in sections[:count]
        if section.kind == "fields" and section.code in made.sections
    }
    drafts.save_sections(case, given, actor=actor)
    sheets.begin(case, _tables(sections[:count], made), actor=actor)
    for section in sections[:count]:
        if section.kind == "invoices":
            sheets.append_invoices(case, made.invoices, actor=actor)
        elif section.kind == "attachments":
            _files(case, made, actor=actor, random=random, papers=papers, share=share)
    if share >= 1:
        _ask(case, actor=actor, random=random)


def _tables(sections: Sequence[Section], made: Composed) -> dict[str, list[dict[str, Any]]]:
    """The rows of the child tables among the sections, by the section's code."""
    found = {row.code: made.tables[row.code] for row in sections if row.kind == "table"}
    return {code: rows for code, rows in found.items() if rows}


def _files(case, made: Composed, *, actor, random: Random, papers: Papers, share: float) -> None:
    schema = content.schema_of(case)
    values: dict[str, Any] = {}
    for given in made.sections.values():
        values |= given
    titles = {code: schema.slot(code).label.zh for code in attached(schema, values, random)}
    if share < 1:
        titles = dict(list(titles.items())[: len(titles) // 2])
    files = [(code, f"{title}.pdf", papers.of(title)) for code, title in titles.items()]
    attachments.attach_all(case, files, actor=actor)


def _ask(case: Application, *, actor, random: Random) -> None:
    """Ask for what the rules give, or somewhat less."""
    held = content.load(case)
    item = next(
        (held.schema.form.fields.get(c) for c in ASKED_FIELDS if c in held.schema.form.fields), None
    )
    if item is None:
        return
    computation = amounts.preview(held)
    most = computation.capped_cny if computation and computation.capped_cny else None
    if most is None:
        most = max((cap.amount_cny for cap in held.schema.caps), default=Decimal(300_000))
        most = most * random.choice((Decimal("0.5"), Decimal("0.6"), Decimal("0.8")))
    asked = most * Decimal(random.choice(ASKED_SHARES))
    if asked < most:
        asked = round_cny(asked, unit="wan", mode="down") or most
    section = held.schema.form.section_of(item.code)
    drafts.save_section(case, section.code, {item.code: f"{asked:.2f}"}, actor=actor)


def correct(
    case: Application, flagged: Mapping[str, Any], *, actor, random: Random, papers: Papers
) -> None:
    """Do what a correction asks for: new words, new numbers, a new file."""
    schema = content.schema_of(case)
    for path in flagged:
        name, _dot, place = path.partition(".")
        section = schema.form.section(name)
        if section.kind == "attachments":
            slot = schema.slot(place)
            old = Attachment.objects.filter(
                application=case, slot=place, removed_at__isnull=True
            ).first()
            if old is not None:
                attachments.remove(case, old, actor=actor)
            title = f"{slot.label.zh}（补正）"
            attachments.attach(case, place, f"{title}.pdf", papers.of(title), actor=actor)
        elif place:
            answer = case.answers.filter(section=name).first()
            before = str((answer.data if answer else {}).get(place) or "")
            text = f"{before}已按补正要求补充说明。" if before else "已按补正要求补充。"
            drafts.save_section(case, name, {place: text[-2000:]}, actor=actor)


def correctable(case: Application, random: Random) -> dict[str, str]:
    """Places that a correction may flag: a long answer and a required file, each with its reason."""
    schema = content.schema_of(case)
    found: dict[str, str] = {}
    texts = [
        (section.code, item)
        for section in schema.form.sections
        for item in section.fields
        if item.type == "textarea" and item.required and (item.max_length or 2000) >= 400
    ]
    if texts:
        code, item = random.choice(texts)
        found[f"{code}.{item.code}"] = f"“{item.label.zh}”内容不完整，请补充具体做法和数据。"
    files = next((s.code for s in schema.form.sections if s.kind == "attachments"), None)
    slots = [slot for slot in schema.attachments if slot.required]
    if files and slots:
        slot = random.choice(slots)
        found[f"{files}.{slot.code}"] = f"“{slot.label.zh}”扫描件不清晰或未加盖公章，请重新上传。"
    return found
