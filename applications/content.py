"""What a case holds: its answers, rows, invoices and files, read at once.

Pages, checks, computation and snapshot read a case through ``load``: a fixed number of queries,
whatever the number of sections and rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils import translation

from applications.models import Answer, Application, Attachment, Invoice, Status, TableRow
from applications.workflow import schema_of
from policy.computing import Computation
from policy.schema import DefinitionSchema, Field, Section
from portal import clock
from portal.accounts.models import Organisation
from portal.types import known
from portal.written import Given, Written

# The answer that says how much is asked; without one the capped amount is asked for.
ASKED_FIELDS = ("asked_cny", "requested_cny")
# With the organisation before it is (again) in the units' hands: the profile shows through.
_LIVE = frozenset({Status.DRAFT, Status.HANDED, Status.RETURNED})

# Prefills that only the organisation's own people and finance may see.
PRIVATE_PREFILLS = frozenset(
    {
        "organisation.bank_account_name",
        "organisation.bank_name",
        "organisation.bank_account",
        "organisation.bank_code",
    }
)


def is_private(item: Field) -> bool:
    """Whether only the applicant's own people and finance may see the answer."""
    return item.is_private or item.prefill in PRIVATE_PREFILLS


@dataclass(frozen=True)
class InvoiceFigures:
    """The investment table in figures. ``claimed_cny`` is the sum of 价税合计 of valid rows."""

    rows: int = 0
    wrong: int = 0
    claimed_cny: Decimal = Decimal("0.00")
    related_cny: Decimal = Decimal("0.00")
    last_position: int = 0


@dataclass
class Content:
    """A case's content; ``values`` are the answers of all sections by field code."""

    application: Application
    schema: DefinitionSchema
    answers: dict[str, Answer]
    rows: dict[str, list[TableRow]]
    invoices: InvoiceFigures
    attachments: dict[str, list[Attachment]]
    # Given by ``amounts.preview``: None where the rules' inputs are missing, or nobody computed.
    computation: Computation | None = None
    # The valid invoices as the rules read them, where they were read for several cases at once.
    items: list[dict[str, Any]] | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.application.call.settings

    @cached_property
    def values(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for section in self.schema.form.sections:
            found |= self.section_values(section)
        return found

    def section_values(self, section: Section) -> dict[str, Any]:
        """The section's answers; a readonly field holds what the profile says now, another
        prefilled one what the profile says until somebody wrote something there."""
        answer = self.answers.get(section.code)
        data = answer.data if answer else {}
        found = {}
        for item in section.fields:
            if item.prefill and self._shows_profile(item, data):
                found[item.code] = self.prefill(item)
            else:
                found[item.code] = data.get(item.code)
        return found

    def _shows_profile(self, item: Field, data: Mapping[str, Any]) -> bool:
        """A submitted case keeps what was submitted; computed figures follow the answers."""
        if item.code not in data:
            return True
        live = self.application.status in _LIVE or known(item.prefill).startswith("computed.")
        return item.readonly and live

    def prefill(self, item: Field) -> Any:
        """What a field is prefilled with, in its stored form."""
        source, _dot, name = (item.prefill or "").partition(".")
        if source == "computed":
            amount = self._computed(name)
            return None if amount is None else f"{amount:.2f}"
        return profile_value(self.application.organisation, name, choice=item.type == "choice")

    def _computed(self, name: str) -> Decimal | None:
        if name == "claimed_cny":
            return self.invoices.claimed_cny
        if self.computation is None:
            return None
        return self.computation.base_cny if name == "base_cny" else self.computation.capped_cny

    def has_input(self, section: Section) -> bool:
        """Whether anybody wrote something in the section."""
        if section.kind == "table":
            return bool(self.rows.get(known(section.table).code))
        if section.kind == "invoices":
            return self.invoices.rows > 0
        if section.kind == "attachments":
            return any(self.attachments.values())
        answer = self.answers.get(section.code)
        return bool(answer and answer.revision)


def profile_value(organisation: Organisation, name: str, *, choice: bool = False) -> Any:
    """An attribute of the profile as a stored answer; words in Chinese, as on its papers."""
    value = getattr(organisation, name)
    if value is None or value == "":
        return None
    if name == "district":
        return value.code if choice else value.name_zh
    if name == "kind" and not choice:
        with translation.override("zh-hans"):
            return str(organisation.get_kind_display())
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


_FIGURES = {
    "rows": Count("pk"),
    "wrong": Count("pk", filter=Q(valid=False)),
    "claimed_cny": Sum("gross_cny", filter=Q(valid=True)),
    "related_cny": Sum("gross_cny", filter=Q(valid=True, related_party=True)),
    "last_position": Max("position"),
}


def _figures(found: Mapping[str, Any]) -> InvoiceFigures:
    zero = InvoiceFigures()
    return InvoiceFigures(
        **{name: getattr(zero, name) if found[name] is None else found[name] for name in _FIGURES}
    )


def invoice_figures(application: Application) -> InvoiceFigures:
    """The table's figures in one query."""
    return _figures(Invoice.objects.filter(application=application).aggregate(**_FIGURES))


def load(application: Application) -> Content:
    """The content of a case: 4 queries besides the definition's."""
    given = {"application": application.pk}
    return _contents(
        [application],
        rows=_ROWS.read(**given),
        files=_FILES.read(**given),
        figures=_SUMS.read(**given),
        answers=_ANSWERS.read(**given),
    )[0]


def _rows(mine: Q):
    return TableRow.objects.filter(mine).order_by("table", "position")


def _files(mine: Q):
    files = Attachment.objects.filter(mine, removed_at__isnull=True)
    return files.select_related("blob").order_by("pk")


def _sums(mine: Q):
    of_case = Invoice.objects.filter(mine).order_by().values("application")
    return of_case.annotate(**_FIGURES).values_list("application", *_FIGURES)


def _answers(mine: Q):
    return Answer.objects.filter(mine).select_related("updated_by")


_MINE = Q(application=Given("application"))
_ROWS, _FILES = Written(lambda: _rows(_MINE)), Written(lambda: _files(_MINE))
_SUMS, _ANSWERS = Written(lambda: _sums(_MINE)), Written(lambda: _answers(_MINE))


def load_all(applications: Sequence[Application]) -> list[Content]:
    """The content of several cases: 4 queries besides the definitions', however many they are."""
    mine = Q(application__in=[application.pk for application in applications])
    return _contents(
        applications, rows=_rows(mine), files=_files(mine), figures=_sums(mine),
        answers=_answers(mine),
    )  # fmt: skip


def _contents(applications, *, rows, files, figures, answers) -> list[Content]:
    """Rows of all cases together, put to the case that each is of."""
    tables: dict[int, dict[str, list[TableRow]]] = {}
    for row in rows:
        tables.setdefault(row.application_id, {}).setdefault(row.table, []).append(row)
    attachments: dict[int, dict[str, list[Attachment]]] = {}
    for file in files:
        slots = attachments.setdefault(file.application_id, {})
        slots.setdefault(file.slot, []).append(file)
    sums = {
        application: _figures(dict(zip(_FIGURES, found, strict=True)))
        for application, *found in figures
    }
    told: dict[int, dict[str, Answer]] = {}
    for answer in answers:
        told.setdefault(answer.application_id, {})[answer.section] = answer
    return [
        Content(
            application=application,
            schema=schema_of(application),
            answers=told.get(application.pk, {}),
            rows=tables.get(application.pk, {}),
            invoices=sums.get(application.pk, InvoiceFigures()),
            attachments=attachments.get(application.pk, {}),
        )
        for application in applications
    ]


def profile_date(organisation: Organisation):
    """The date that stands beside prefilled values: when the profile was last changed."""
    return clock.local(organisation.updated_at).date()
