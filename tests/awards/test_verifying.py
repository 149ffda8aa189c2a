"""Verify: silent on what the verbs make, loud on each thing that could be tampered with."""

import pytest
from django.conf import settings

from awards import verifying
from awards.models import Award
from tests.awards.cases import make_scene
from tests.awards.test_confirming import confirm
from tests.awards.test_decisions import confirmed
from tests.conftest import owner_connection


def faults(*checks) -> list[str]:
    return [fault for check in checks for fault in check()]


def whole_road():
    """Cases that went through every verb."""
    from awards import payments
    from portal import clock

    scene = make_scene(settings={"instalments": [60, 40]})
    cases = [scene.case(asked=amount) for amount in ("1000000.01", "600000.03", "70.07")]
    confirm(scene, scene.selection(*[(c, "support", str(c.asked_cny)) for c in cases]))
    awards = list(Award.objects.order_by("pk"))
    for award in awards[:2]:
        scene.to_decision(award)
    confirmed(scene, *awards[:2], amount="500000.01")
    batch = payments.draft(scene.call, awards=awards[:2], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    payments.bounce(
        batch.payments.first(), actor=scene.finance, on=clock.today(), reason="户名不符"
    )
    return scene


@pytest.mark.django_db
def test_what_the_verbs_make_has_no_fault():
    whole_road()
    assert faults(verifying.counters, verifying.traces, verifying.sums) == []


def test_checks_are_registered():
    assert {
        "awards.verifying.counters", "awards.verifying.traces", "awards.verifying.sums",
    } <= set(settings.VERIFIERS)  # fmt: skip


# Each damage as a person with the owner's password would do it, and the words that must follow.
DAMAGES = {
    "UPDATE awards_capaccount SET committed_cny = committed_cny + 0.01": "entries",
    "UPDATE awards_capaccount SET committed_places = committed_places + 1": "entries",
    "ALTER TABLE awards_entry DISABLE TRIGGER ledger_entry_kept;"
    "UPDATE awards_entry SET amount_cny = amount_cny - 0.01 WHERE kind = 'approve'": "changes",
    "ALTER TABLE awards_posting DISABLE TRIGGER ledger_posting_kept;"
    "DELETE FROM awards_posting WHERE id = (SELECT max(id) FROM awards_posting)": "counters",
    "UPDATE awards_award SET paid_cny = paid_cny - 0.01 WHERE paid_cny > 0": "its entries say",
    "UPDATE applications_application SET paid_cny = 1 WHERE paid_cny > 0": "shows",
    "ALTER TABLE awards_award DISABLE TRIGGER USER;"
    "UPDATE awards_award SET trace = jsonb_set(trace, '{capped_cny}', '\"1.00\"')": "differs",
    "ALTER TABLE awards_award DISABLE TRIGGER USER;"
    "UPDATE awards_award SET capped_cny = capped_cny - 0.01 WHERE capped_cny > recommended_cny;"
    "UPDATE awards_award SET computed_cny = computed_cny + 0.01": "recomputed",
    "ALTER TABLE awards_award DISABLE TRIGGER USER; UPDATE awards_award SET trace = '{}'": "no trace",
    "ALTER TABLE awards_decisionitem DISABLE TRIGGER USER;"
    "UPDATE awards_decisionitem SET approved_cny = 1": "signed decision",
    "ALTER TABLE awards_payment DISABLE TRIGGER USER;"
    "UPDATE awards_payment SET amount_cny = amount_cny + 0.01": "payments that went out",
    "UPDATE policy_callfigures SET paid_cny = 0": "figures",
}


@pytest.fixture
def damaged(transactional_db):
    """Run statements as the owner, with triggers back in place afterwards."""
    tables = set()

    def damage(statements: str) -> None:
        with owner_connection() as owner:
            for statement in filter(None, map(str.strip, statements.split(";"))):
                if "DISABLE TRIGGER" in statement:
                    tables.add(statement.split()[2])
                owner.execute(statement)

    yield damage
    with owner_connection() as owner:
        for table in tables:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(("statements", "words"), DAMAGES.items())
def test_damage_is_named(damaged, statements, words):
    whole_road()
    assert faults(verifying.counters, verifying.traces, verifying.sums) == []
    damaged(statements)
    found = faults(verifying.counters, verifying.traces, verifying.sums)
    assert found, "nothing found"
    assert any(words in fault for fault in found), found
