"""The guards of openings, claw-backs with their repayments, and receipts: what each refuses, and
the rows that the statements need. ``test_guards`` tries them with those of the rest of awards."""

from datetime import date, timedelta

from awards import clawbacks, openings, receipts
from awards.models import Award, Opening, Payment, Receipt
from portal import clock
from portal.accounts.models import Role
from portal.files.models import Blob
from tests.awards.guards import DRAFTED, copy, other
from tests.factories import OrganisationFactory, person

APPROVED, RELEASED = "state = 'approved'", "state = 'released'"
STANDING, TAKEN_OFF = "removed_at IS NULL", "removed_at IS NOT NULL"

# guard → a statement that it refuses.
REFUSED = {
    # openings
    "awards_opening_uid_key": copy("awards_opening", DRAFTED, document_no="'new'"),
    "awards_opening_entry_id_key": "UPDATE awards_opening o SET state = 'approved',"
    " settled_by_id = a.settled_by_id, settled_at = now(), entry_id = a.entry_id"
    " FROM awards_opening a WHERE o.state = 'drafted' AND a.state = 'approved'",
    "opening_once": other("awards_opening", "uid", where=DRAFTED),
    "opening_with_document": other("awards_opening", "uid", where=DRAFTED, document_no="''"),
    "opening_counts_something": other(
        "awards_opening", "uid", "document_no", where=DRAFTED, amount_cny="0", places="0"
    ),
    "opening_counts_something (two places)": other(
        "awards_opening", "uid", "document_no", where=DRAFTED, places="2"
    ),
    "opening_starts_drafted": other("awards_opening", "uid", "document_no", where=APPROVED),
    "opening_two_people": "UPDATE awards_opening SET state = 'approved',"
    f" settled_by_id = drafted_by_id, settled_at = now(), entry_id = 0 WHERE {DRAFTED}",
    "opening_settled_whole": f"UPDATE awards_opening SET state = 'approved' WHERE {DRAFTED}",
    "opening_settled_whole (dropped)": "UPDATE awards_opening SET state = 'dropped',"
    f" settled_by_id = drafted_by_id, settled_at = now() WHERE {DRAFTED}",
    "opening_basis_kept": "UPDATE awards_opening SET amount_cny = amount_cny + 1",
    "opening_settled_once": f"UPDATE awards_opening SET state = 'dropped' WHERE {APPROVED}",
    # claw-backs
    "awards_clawback_uid_key": copy("awards_clawback", DRAFTED, award_id="0"),
    "awards_clawback_letter_id_key": other(
        "awards_clawback", "uid", where=RELEASED, award_id="0", state="'drafted'", repaid_cny="0"
    ),
    "clawback_one_at_a_time": other("awards_clawback", "uid", where=DRAFTED),
    "clawback_with_grounds": other(
        "awards_clawback", "uid", where=DRAFTED, award_id="0", legal_base="''"
    ),
    "clawback_starts_drafted": other("awards_clawback", "uid", where=RELEASED, award_id="0"),
    "clawback_two_people": "UPDATE awards_clawback SET released_by_id = drafted_by_id"
    f" WHERE {DRAFTED}",
    "clawback_released_whole": f"UPDATE awards_clawback SET state = 'released' WHERE {DRAFTED}",
    "clawback_discarded_whole": f"UPDATE awards_clawback SET state = 'discarded' WHERE {DRAFTED}",
    "clawback_grounds_kept": f"UPDATE awards_clawback SET reason = 'another' WHERE {RELEASED}",
    "clawback_repaid_is_all": f"UPDATE awards_clawback SET state = 'repaid' WHERE {RELEASED}",
    "clawback_repaid_within_amount": "UPDATE awards_clawback SET repaid_cny = -1"
    f" WHERE {RELEASED}",
    # repayments
    "awards_repayment_uid_key": copy("awards_repayment", entry_id="0", reference="'new'"),
    "awards_repayment_entry_id_key": other("awards_repayment", "uid", "reference"),
    "repayment_once": other("awards_repayment", "uid", entry_id="0"),
    "repayment_whole": other(
        "awards_repayment", "uid", "reference", entry_id="0", amount_cny="0"
    ),
    # receipts
    "awards_receipt_uid_key": copy("awards_receipt", TAKEN_OFF),
    "receipt_once": other("awards_receipt", "uid", where=STANDING),
    "receipt_kept": "UPDATE awards_receipt SET name = 'x'",
    "receipt_removed_with_reason": "UPDATE awards_receipt SET removed_at = now(),"
    f" removed_by_id = uploaded_by_id WHERE {STANDING}",
    "receipt_removed_once": f"UPDATE awards_receipt SET removed_at = null WHERE {TAKEN_OFF}",
}  # fmt: skip
# Guards that only speak at the commit.
AT_COMMIT = {
    "audit_required (opening)": "UPDATE awards_opening SET state = 'dropped',"
    " settled_by_id = drafted_by_id, settled_at = now(), settled_note = 'x'"
    f" WHERE {DRAFTED}",
    "audit_required (claw-back)": "UPDATE awards_clawback SET state = 'repaid',"
    f" repaid_cny = amount_cny WHERE {RELEASED}",
    "entry_signed (opening)": "UPDATE awards_opening SET state = 'approved',"
    " settled_by_id = drafted_by_id + 1, settled_at = now(),"
    " entry_id = (SELECT min(id) FROM awards_entry WHERE kind = 'pay')"
    f" WHERE {DRAFTED}",
    "entry_signed (repayment)": other(
        "awards_repayment",
        "uid",
        "reference",
        entry_id="(SELECT min(id) FROM awards_entry WHERE kind = 'pay')",
    ),
}
# What is refused in words, not by a name.
STATES = {
    "clawback_states": f"UPDATE awards_clawback SET state = 'drafted' WHERE {RELEASED}",
    "repayment_append_only": "UPDATE awards_repayment SET reference = 'x'",
    "repayment_append_only (deleted)": "DELETE FROM awards_repayment",
    "receipt_not_deleted": "DELETE FROM awards_receipt",
}
WITHHELD = [
    ("awards_opening", "DELETE"), ("awards_opening", "TRUNCATE"),
    ("awards_clawback", "DELETE"), ("awards_clawback", "TRUNCATE"),
    ("awards_repayment", "UPDATE"), ("awards_repayment", "DELETE"),
    ("awards_repayment", "TRUNCATE"),
    ("awards_receipt", "DELETE"), ("awards_receipt", "TRUNCATE"),
]  # fmt: skip
# Trigger → the guard above by which it speaks.
TRIGGERS = {
    "opening_state_audited": "audit_required (opening)",
    "clawback_state_audited": "audit_required (claw-back)",
    "claw_back_stops_entry": "tests/awards/test_stopping.py (plans and pays nothing on it)",
    "claw_back_stops_plan": "tests/awards/test_stopping.py (plans and pays nothing on it)",
    "claw_back_holds_award": "tests/awards/test_stopping.py (signing and payment at once)",
    "ledger_signed_entered": "tests/awards/test_openings.py, test_clawbacks.py (that nobody signed)",
    "ledger_signed_opening": "entry_signed (opening)",
    "ledger_signed_repayment": "entry_signed (repayment)",
}


def fill(scene, *, paid: list[Award]) -> None:
    """An opening drafted and one approved; a claw-back drafted and one partly repaid; a receipt
    that stands and one taken off. ``paid``: two awards that money went out for."""
    _fill_openings(scene)
    _fill_claw_backs(scene, *paid)
    _fill_receipts(scene, Payment.objects.filter(award=paid[0]).get())


def _fill_openings(scene) -> None:
    one, another = (person(Role.POLICY_ADMIN, name=name) for name in "甲乙")
    drafts = [
        openings.draft(
            scene.measure, organisation=OrganisationFactory(), year=2024, document_no="1",
            granted_on=date(2024, 9, 1), amount_cny=1, places=1, subjects={}, actor=one,
        )
        for _ in range(2)
    ]  # fmt: skip
    openings.approve(drafts[0], actor=another)
    assert set(Opening.objects.values_list("state", flat=True)) == {"approved", "drafted"}


def _fill_claw_backs(scene, *paid: Award) -> None:
    drafts = [
        clawbacks.draft(
            award, amount_cny=100, frees_place=False, reason="x", legal_base="x",
            due_on=clock.today() + timedelta(days=9), actor=scene.lead_clerk,
        )
        for award in paid
    ]  # fmt: skip
    clawbacks.release(drafts[0], actor=scene.lead_head)
    clawbacks.repay(drafts[0], amount_cny=40, on=clock.today(), reference="1", actor=scene.finance)


def _fill_receipts(scene, payment: Payment) -> None:
    blob = Blob.objects.create(
        sha256="0" * 64, size_bytes=1, content_type="application/pdf", stored_at=clock.now()
    )
    for name in ("1", "2"):
        receipt = Receipt.objects.create(
            payment=payment, name=name, blob=blob, uploaded_by=scene.finance,
            uploaded_at=clock.now(),
        )  # fmt: skip
        if name == "1":
            receipts.remove(receipt, actor=scene.finance, reason="x")
