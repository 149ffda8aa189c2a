"""Whose account is paid: the applicant's own, or the person's that the case names (20-1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from applications import workflow
from applications.models import Answer
from awards.models import Award, Share
from portal.accounts.models import Organisation, OrganisationStatus

# What a bank needs; the code of the bank helps and may be missing.
NEEDED = ("bank_account_name", "bank_name", "bank_account")
_BY_PART = {
    "account_name": "bank_account_name",
    "bank_name": "bank_name",
    "account": "bank_account",
    "bank_code": "bank_code",
}


@dataclass(frozen=True)
class Payee:
    """An account. ``is_person``: a natural person's, named in the case."""

    bank_account_name: str
    bank_name: str
    bank_account: str
    bank_code: str
    is_person: bool = False

    @property
    def missing(self) -> list[str]:
        """The parts without which nothing can be paid."""
        return [name for name in NEEDED if not getattr(self, name)]


def of_organisation(organisation: Organisation) -> Payee:
    """The account that the organisation's profile names now."""
    return Payee(
        *(getattr(organisation, name).strip() for name in (*NEEDED, "bank_code")),
    )


def of_shares(shares: Iterable[Share]) -> dict[int, Payee]:
    """The account of each share's organisation by the share's pk; one that is not verified in the
    portal has none. One query where there are shares."""
    wanted = {share.pk: share for share in shares}
    if not wanted:
        return {}
    rows = Organisation.objects.filter(
        uscc__in={share.uscc for share in wanted.values()}, status=OrganisationStatus.VERIFIED
    )
    known = {row.uscc: of_organisation(row) for row in rows}
    return {pk: known.get(share.uscc, Payee("", "", "", "")) for pk, share in wanted.items()}


def payees(awards: Iterable[Award]) -> dict[int, Payee]:
    """The payee of each award by its pk. One query more where cases name persons."""
    found, persons = {}, {}
    for award in awards:
        parts = _parts(award)
        if parts:
            persons[award.application_id] = (award, parts)
        else:
            found[award.pk] = of_organisation(award.organisation)
    if persons:
        answers: dict[int, dict] = {}
        rows = Answer.objects.filter(application__in=persons).only("application_id", "data")
        for answer in rows.order_by("pk"):
            answers.setdefault(answer.application_id, {}).update(answer.data)
        for case, (award, parts) in persons.items():
            given = answers.get(case, {})
            found[award.pk] = Payee(
                **{
                    name: str(given.get(parts.get(name, ""), "") or "").strip()
                    for name in (*NEEDED, "bank_code")
                },
                is_person=True,
            )
    return found


def _parts(award: Award) -> dict[str, str]:
    """Part of the account → the field of the form that asks it; empty: the organisation's."""
    fields = workflow.schema_of(award.application).form.fields.values()
    return {_BY_PART[item.payee]: item.code for item in fields if item.payee in _BY_PART}
