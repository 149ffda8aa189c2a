"""Cases to copy where the demonstration has none yet: a line of their own, by the tests' builders."""

import itertools
import json

from django.db import connections, transaction

from applications import snapshot
from applications.models import Application, Status, Submission
from awards.confirming import confirm_selection
from awards.demonstration.base import DOMAIN
from portal.accounts.models import Unit
from tests import factories
from tests.reviews import cases as builders

LINE = "99-1"
STAGES = {
    "recommendation": 8, "formal_check": 12, "joint_review": 10, "expert_review": 5,
    "verification": 5, "selection": 10,
}  # fmt: skip
AWARDS = 6


def ensure() -> bool:
    """Make patterns unless there are cases; True if it did."""
    if Application.objects.filter(submitted_at__isnull=False).exists():
        return False
    numbers = itertools.count(100)
    measure = builders.make_measure(
        Unit.objects.get(code="kjj"), list(Unit.objects.filter(code__in=["jyj", "gxj"])), line=LINE
    )
    call = builders.make_call(measure, budget_cny=None, places=None)
    office = builders.Office(
        call, measure.lead_unit, Unit.objects.get(code="qixia"),
        list(Unit.objects.filter(code__in=["jyj", "gxj"])),
    )  # fmt: skip
    with transaction.atomic():
        for stage, count in STAGES.items():
            for _number in range(count):
                organisation = factories.OrganisationFactory(
                    district=office.district, uscc=factories.valid_uscc(next(numbers))
                )
                builders.make_case(office, at=stage, invoices=8, organisation=organisation)
    _seal()
    chosen = list(Application.objects.filter(status=Status.SELECTION)[:AWARDS])
    selection = office.call.selections.create(
        title="会议", met_on=call.opens_at.date(), drafted_by=office.lead_clerk,
        drafted_at=call.opens_at,
    )  # fmt: skip
    for rank, case in enumerate(chosen, start=1):
        selection.items.create(
            application=case, outcome="support", recommended_cny=case.recommended_cny, rank=rank
        )
    confirm_selection(selection, actor=office.lead_head)
    return True


def _seal() -> None:
    """Addresses of the demonstration, and snapshots of a usual length that hash to their SHA-256."""
    with connections["owner"].cursor() as cursor:
        for table in ("accounts_user", "account_emailaddress"):
            cursor.execute(
                f"UPDATE {table} SET email = replace(email, 'example.org', %s)"
                " WHERE email LIKE '%%@example.org'",
                [DOMAIN],
            )
        cursor.execute("ALTER TABLE applications_submission DISABLE TRIGGER USER")
        for row in Submission.objects.select_related("application"):
            data = {"application": row.application.uid, "text": "申报内容" * 1500}
            cursor.execute(
                "UPDATE applications_submission SET snapshot = %s, sha256 = %s WHERE id = %s",
                [json.dumps(data), snapshot.fingerprint(data), row.pk],
            )
        cursor.execute("ALTER TABLE applications_submission ENABLE TRIGGER USER")
