"""Awards of several organisations: who gets which part, by the shares that the case declares.

Whether an award is paid to its applicant alone or by shares is a setting of the call
(``payee_rule``); the parts are whole 元 (``policy.rules.by_shares``) and kept at the approval.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from applications import workflow
from applications.models import Application, TableRow
from awards.models import Award, Share
from policy import rules
from policy.call_settings import Chosen
from policy.common_settings import PARTNERS
from reviews.refusals import Refused

SETTING = "payee_rule"


@dataclass(frozen=True)
class Part:
    """One organisation's part of an award. ``leads``: it is the applicant."""

    uscc: str
    name: str
    percent: Decimal
    amount_cny: Decimal
    leads: bool


def is_shared(case: Application) -> bool:
    """Whether the case's call pays by shares."""
    schema = workflow.schema_of(case)
    return Chosen(schema, case.call.settings).optional(SETTING) == "shares"


def parts(case: Application, amount_cny: Decimal, rows: Iterable[Mapping]) -> list[Part]:
    """The amount by the partners' rows of the case; none where it names no partners.

    Raises ``Refused``: shares_wrong, where the rows do not add up to 100 % or leave out the
    applicant.
    """
    rows = list(rows)
    if not rows:
        return []
    own = case.organisation.uscc
    codes = [str(row.get("uscc", "")) for row in rows]
    try:
        percents = [Decimal(str(row["share_percent"])) for row in rows]
        first = codes.index(own)
        amounts = rules.by_shares(amount_cny, percents, first=first)
    except (KeyError, ValueError, ArithmeticError) as error:
        raise Refused("shares_wrong", number=case.number) from error
    return [
        Part(code, str(row.get("name", ""))[:120], percent, amount, code == own)
        for row, code, percent, amount in zip(rows, codes, percents, amounts, strict=True)
    ]


def preview(items: Iterable[tuple[Application, Decimal]]) -> dict[int, list[Part]]:
    """The parts of each case (by pk) with what would be approved. One query where any is shared."""
    shared = [(case, amount) for case, amount in items if is_shared(case)]
    if not shared:
        return {}
    rows: dict[int, list[Mapping]] = {}
    wanted = TableRow.objects.filter(
        application__in=[case.pk for case, _amount in shared], table=PARTNERS
    )
    for row in wanted.order_by("application_id", "position"):
        rows.setdefault(row.application_id, []).append(row.data)
    return {case.pk: parts(case, amount, rows.get(case.pk, [])) for case, amount in shared}


def keep(award: Award, case: Application, *, approved_cny: Decimal) -> list[Share]:
    """The parts of the award as they are approved, kept with it. The case is locked.

    Raises as ``parts``. Nothing is kept where the applicant is paid alone.
    """
    found = preview([(case, approved_cny)]).get(case.pk, [])
    return Share.objects.bulk_create(
        Share(
            award=award,
            position=position,
            uscc=part.uscc,
            name=part.name,
            percent=part.percent,
            amount_cny=part.amount_cny,
        )
        for position, part in enumerate(found, start=1)
    )
