"""Conflicts of interest (回避) that can be computed from data; the others are declared."""

import re
from collections.abc import Iterable

from applications.models import Answer, Application, Party, TableRow
from applications.workflow import schema_of
from portal.accounts.models import Membership
from reviews.models import Conflict, Expert

# What an expert may declare; the computed ones are not among them.
DECLARED = ("same_unit", "co_project", "shareholding", "competitor", "kin", "other")


def computed(experts: Iterable[Expert], cases: Iterable[Application]) -> dict[str, str]:
    """Why an expert may not judge one of the cases, by expert uid; without conflict: absent.

    ===============  =============================================================
    employer         the expert's employer applies, or is named as a partner
    member           the expert fills in for an organisation that applies
    named            the applicant asked that the expert should not judge
    official         the expert serves in a unit that takes part in a case
    declared         the expert declared a conflict with a case before
    ===============  =============================================================
    """
    experts, cases = list(experts), list(cases)
    codes, names, avoided = _parties(cases)
    members = _members(cases)
    officials = _officials(cases)
    declared = set(
        Conflict.objects.filter(application__in=cases).values_list("expert_id", flat=True)
    )
    found: dict[str, str] = {}
    for expert in experts:
        if (expert.employer_uscc and expert.employer_uscc in codes) or expert.employer in names:
            found[expert.uid] = "employer"
        elif expert.user_id in members:
            found[expert.uid] = "member"
        elif any(_names(expert.user.name, text) for text in avoided):
            found[expert.uid] = "named"
        elif expert.user_id in officials:
            found[expert.uid] = "official"
        elif expert.pk in declared:
            found[expert.uid] = "declared"
    return found


def _parties(cases: list[Application]) -> tuple[set[str], set[str], list[str]]:
    """Codes and names of the applicants and their partners; texts that name experts to avoid."""
    codes = {case.organisation.uscc for case in cases}
    names = {case.organisation.name for case in cases}
    avoided: list[str] = []
    schemas = {case.pk: schema_of(case) for case in cases}
    for row in Answer.objects.filter(application__in=cases):
        schema = schemas[row.application_id]
        for code, value in row.data.items():
            field = schema.form.fields.get(code)
            if field is not None and field.type == "uscc" and value:
                codes.add(str(value))
            if code in schema.rubric.avoid and value:
                avoided.append(str(value))
    for line in TableRow.objects.filter(application__in=cases):
        table = schemas[line.application_id].form.tables.get(line.table)
        for column in table.columns if table else ():
            if column.type == "uscc" and line.data.get(column.code):
                codes.add(str(line.data[column.code]))
    return codes, names, avoided


_SEPARATORS = r"，,、；;。:：()（）\n\r\t"


def _names(name: str, text: str) -> bool:
    """Whether the text names the person: the name stands between separators. A space may part
    two names (张三 李四) as well as a name (张 三)."""
    wanted = re.sub(r"\s", "", name)
    apart = re.split(rf"[{_SEPARATORS} ]+", text)
    joined = [re.sub(r"\s", "", part) for part in re.split(rf"[{_SEPARATORS}]+", text)]
    return bool(wanted) and wanted in {*apart, *joined}


def _members(cases: list[Application]) -> set[int]:
    return set(
        Membership.objects.active()
        .filter(organisation__in=[case.organisation_id for case in cases])
        .values_list("user_id", flat=True)
    )


def _officials(cases: list[Application]) -> set[int]:
    units = Party.objects.filter(
        application__in=cases, unit__isnull=False, ended_at__isnull=True
    ).values("unit")
    return set(Membership.objects.active().filter(unit__in=units).values_list("user_id", flat=True))
