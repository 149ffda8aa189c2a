"""Official letters (通知书): issued with a number in the caller's transaction, printed by task."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import numbering
from applications.models import Application, Letter
from applications.papers import chinese_date, issuer
from applications.workflow import schema_of, stage
from policy.naming import numeral
from policy.schema import LETTER_FIELDS
from policy.schema import Letter as Template
from policy.text import Text
from portal import clock
from portal.accounts.models import Membership, Unit
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all
from portal.notices.outbox import recall as recall_notices

# What stands in the number of each kind: 市科技局受理〔2026〕12号.
KINDS = {
    "acceptance": "受理",
    "correction": "补正",
    "refusal": "不受理",
    "result": "结果",
    "decision": "认定",
    "payment": "拨付",
    "claw_back": "追回",
}


class FactsMissing(ValueError):
    """The template names what neither the case nor the caller knows."""

    def __init__(self, code: str, names: set[str]):
        self.code, self.names = code, names
        super().__init__(f"{code}: {', '.join(sorted(names))}")


@transaction.atomic
def issue(
    application: Application,
    code: str,
    *,
    unit: Unit,
    actor,
    facts: Mapping[str, Any] | None = None,
    standard: Template | None = None,
) -> Letter:
    """Issue a letter of the definition: filled in, numbered, told to the applicant; its PDF
    follows by task.

    ``standard`` is used where the definition has no letter of this code.
    ``facts`` fill the placeholders that the case does not (``items``, ``reason``, ``amount`` …).
    Raises KeyError for a letter that the definition does not have, FactsMissing for a
    placeholder without a value.
    """
    own: dict[str, Template] = {row.code: row for row in schema_of(application).letters}
    template = own[code] if standard is None else own.get(code, standard)
    at = clock.now()
    known = case_facts(application, unit=unit, at=at) | {
        name: _plain(value) for name, value in (facts or {}).items() if name in LETTER_FIELDS
    }
    wanted = template.subject.placeholders | template.body.placeholders
    if missing := wanted - set(known):
        raise FactsMissing(code, missing)
    subject = template.subject.fill(**known)
    letter = Letter.objects.create(
        application=application,
        kind=code,
        number=_number(code, unit, year=clock.local(at).year),
        subject=subject.zh[:200],
        body=template.body.fill(**known).zh,
        unit=unit,
        issued_by=actor,
        issued_at=at,
    )
    record(
        f"letter.{code}",
        obj=letter,
        actor=actor,
        data={"number": letter.number, "application": application.number},
    )
    _tell(letter, subject, at=at)
    from applications.tasks import make_letter

    make_letter.delay_on_commit(letter.pk)
    return letter


def recall(application: Application, *, since, actor) -> list[Letter]:
    """Take back the letters that an act issued, in its undoing: nobody was told of them yet."""
    at = clock.now()
    found = list(application.letters.filter(issued_at__gte=since, recalled_at__isnull=True))
    for letter in found:
        letter.recalled_at = at
        letter.save(update_fields=["recalled_at"])
        recall_notices(f"letter:{letter.pk}:", at=at)
        record("letter.recall", obj=letter, actor=actor, data={"number": letter.number})
    return found


def _number(code: str, unit: Unit, *, year: int) -> str:
    """``市科技局受理〔2026〕12号``: one series for each unit, kind and year."""
    last = numbering.take(f"letter-{unit.code}-{code}-{year}"[:40])
    return f"{unit.short_zh or unit.name_zh}{KINDS[code]}〔{year}〕{last}号"


def case_facts(application: Application, *, unit: Unit, at) -> dict[str, str]:
    """The placeholders that the case itself fills; dates and names as documents write them."""
    call, measure = application.call, application.call.measure
    limit = stage(application, application.status)
    article = measure.article
    document = article.document
    return {
        "organisation": application.organisation.name,
        "application_no": application.number or "",
        "title": application.title,
        "measure": measure.name_zh,
        "line": measure.line,
        "article": f"第{numeral(article.no)}条",
        "clause": measure.clause,
        "document": document.title_zh,
        "document_no": document.number,
        "call": call.title_zh,
        "unit": unit.name_zh,
        "unit_phone": unit.service_phone,
        "date": chinese_date(clock.local(at).date()),
        "due_on": chinese_date(application.due_on) if application.due_on else "待日历发布",
        "limit_workdays": str(limit.limit_workdays) if limit and limit.limit_workdays else "",
        "round": str(application.correction_round or 1),
    }


def _plain(value: Any) -> str:
    """Facts as text: a list becomes numbered lines, a date is written out."""
    if isinstance(value, list | tuple):
        return "\n".join(f"{number}. {item}" for number, item in enumerate(value, start=1))
    if hasattr(value, "year") and hasattr(value, "month"):
        return chinese_date(value)
    return str(value)


def _tell(letter: Letter, subject: Text, *, at) -> None:
    """A notice to the organisation's people, once for each letter and person."""
    people = Membership.objects.active().filter(organisation=letter.application.organisation)
    enqueue_all(
        (held.user for held in people.select_related("user").order_by("user_id")),
        subject=format_lazy("{}{}{}", subject, _("："), letter.number),
        body=letter.body,
        url=f"/applications/{letter.application.uid}/",
        key=f"letter:{letter.pk}",
        at=at,
    )


def paper_data(letter: Letter) -> dict[str, Any]:
    """The data of ``documents/letter.typ``; the addressee's line is not told twice."""
    with translation.override("zh-hans"):
        recipient = letter.application.organisation.name
        body = letter.body.strip()
        for mark in ("：", ":"):
            body = body.removeprefix(f"{recipient}{mark}").strip()
        return {
            "unit": issuer(letter.unit),
            "number": letter.number,
            "subject": letter.subject,
            "recipient": recipient,
            "paragraphs": [line.strip() for line in body.splitlines() if line.strip()],
            "date": chinese_date(clock.local(letter.issued_at).date()),
            "division": letter.unit.division or "—",
            "phone": letter.unit.service_phone or "—",
            "application_no": letter.application.number or "—",
        }
