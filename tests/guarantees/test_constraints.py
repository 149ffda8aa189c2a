"""Every CHECK, every uniqueness and every withheld right refuses what it is there for.

Checks and indexes are tried on a probe, a temporary table like the real one, so that no trigger or
foreign key answers in their place: take the constraint away, and its probe lets the row in.
"""

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import UniqueConstraint

from portal.integrity import withheld
from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db
NOW, DAY = "2026-01-02T00:00Z", "2026-01-02"

# Table → what makes a neutral row acceptable; other columns are filled by their type.
BASE: dict[str, dict] = {
    "applications_application": {"status": "draft"},
    "applications_party": {"part": "lead", "unit_id": 1},
    "applications_invoice": {"valid": False},
    "reviews_checkitem": {"result": "passed"},
    "reviews_finding": {"state": "open"},
    "reviews_proposal": {"state": "drafted", "action": "refuse", "drafted_by_id": 1},
    "reviews_opinion": {"answer": "", "outcome": "waiting", "text": ""},
    "reviews_verification": {
        "state": "drafted", "claimed_cny": 2, "verified_cny": 1, "drafted_by_id": 1,
    },
    "reviews_selection": {"state": "drafted", "drafted_by_id": 1},
    "reviews_selectionitem": {"outcome": "support", "recommended_cny": 0},
    "reviews_publicnotice": {"starts_on": DAY, "ends_on": DAY},
    "reviews_objection": {"state": "filed"},
    "reviews_panel": {"state": "drawn", "size": 3, "drawn_by_id": 1},
    "reviews_scoring": {},
    "policy_calendarday": {"date": DAY, "year_id": 2026},
    "policy_measure": {"line": "1-1"},
    "policy_definition": {"sha256": "0" * 64},
    "policy_call": {
        "status": "draft", "code": "a", "drafted_by_id": 1, "opens_at": NOW,
        "closes_at": "2026-01-03T00:00Z",
    },
    "policy_callchange": {
        "field": "places", "after": "1", "state": "drafted", "drafted_by_id": 1,
    },
    "policy_callfigures": {},
    "policy_question": {"state": "asked", "pinned": False, "public_text": "", "answer": ""},
}  # fmt: skip
_ENTERED = {
    "valid": True, "category": "x", "fiscal_percent": 0, "net_cny": 1, "tax_cny": 1,
    "gross_cny": 2, "invoice_date": DAY, "invoice_no": "1", "related_party": True,
}  # fmt: skip
_CHAIN = {"computed_cny": 1, "capped_cny": 1, "recommended_cny": 1, "approved_cny": 1}

# Table → constraint → what it refuses.
REFUSED: dict[str, dict[str, dict]] = {
    "applications_application": {
        "application_number_at_submission": {"number": "x"},
        "application_submitted_whole": {"status": "formal_check"},
        "application_asked_not_negative": {"asked_cny": -1},
        "application_capped_within_computed": {"computed_cny": 1, "capped_cny": 2},
        "application_verified_within_claimed": {"claimed_cny": 1, "verified_cny": 2},
        "application_recommended_within_capped": _CHAIN | {"recommended_cny": 2},
        "application_approved_within_recommended": _CHAIN | {"approved_cny": 2},
        "application_paid_within_approved": _CHAIN | {"paid_cny": 2},
    },
    "applications_party": {"party_unit_or_expert": {"unit_id": None}},
    "applications_invoice": {
        "invoice_gross_is_net_plus_tax": _ENTERED | {"gross_cny": 3},
        "invoice_valid_is_whole": _ENTERED | {"category": ""},
        "invoice_fiscal_percent_bounds": {"fiscal_percent": 101},
        "invoice_verified_within_gross": {"gross_cny": 1, "verified_cny": 2},
    },
    "reviews_checkitem": {"checkitem_failure_explained": {"result": "failed", "note": ""}},
    "reviews_finding": {"finding_settled_with_reason": {"state": "settled", "reason": ""}},
    "reviews_proposal": {
        "proposal_two_people": {"settled_by_id": 1},
        "proposal_objection_fits_action": {"objection_id": 1},
        "proposal_sent_back_with_note": {
            "state": "sent_back", "settled_at": NOW, "settled_by_id": 2, "settled_note": "",
        },
        "proposal_settled_whole": {"state": "released"},
    },
    "reviews_opinion": {
        "opinion_answer_whole": {"answer": "x"},
        "opinion_objection_explained": {"outcome": "veto", "given_at": NOW, "given_by_id": 1},
        "opinion_given_by_someone": {"outcome": "agree"},
    },
    "reviews_verification": {
        "verification_two_people": {"state": "released", "released_at": NOW, "released_by_id": 1},
        "verification_within_claimed": {"verified_cny": 3},
        "verification_released_whole": {"state": "released"},
        "verification_sent_back_with_note": {"state": "sent_back", "sent_back_note": ""},
    },
    "reviews_selection": {
        "selection_two_people": {"confirmed_by_id": 1},
        "selection_confirmed_whole": {"state": "confirmed"},
    },
    "reviews_selectionitem": {
        "selectionitem_not_negative": {"recommended_cny": -1},
        "selectionitem_rejection_explained": {"outcome": "reject", "reason": ""},
    },
    "reviews_publicnotice": {"publicnotice_ends_after_start": {"ends_on": "2026-01-01"}},
    "reviews_objection": {
        "objection_accepted_whole": {"state": "accepted"},
        "objection_decided_whole": {
            "state": "upheld", "accepted_at": NOW, "accepted_by_id": 1, "conclusion": "x",
        },
        "objection_signed": {"text": ""},
    },
    "reviews_panel": {
        "panel_two_people": {"approved_by_id": 1},
        "panel_discarded_by_another": {"discarded_by_id": 1},
        "panel_at_least_three": {"size": 2},
        "panel_scoring_approved": {"state": "scoring"},
        "panel_frozen_whole": {"state": "frozen", "approved_at": NOW, "approved_by_id": 2},
        "panel_discarded_whole": {"state": "discarded"},
    },
    "reviews_scoring": {
        "scoring_total_bounds": {"total": 101},
        "scoring_submitted_whole": {"submitted_at": NOW},
    },
    "policy_calendarday": {"policy_calendarday_in_its_year": {"date": "2027-01-01"}},
    "policy_measure": {
        "policy_measure_line_form": {"line": "a-1"},
        "policy_measure_has_kind": {"kinds": "empty"},
    },
    "policy_definition": {"policy_definition_sha256_form": {"sha256": "x"}},
    "policy_call": {
        "policy_call_second_person": {"published_by_id": 1},
        "policy_call_closes_after_opening": {"closes_at": NOW},
        "policy_call_budget_not_negative": {"budget_cny": -1},
        "policy_call_question_workdays_positive": {"question_workdays": 0},
        "policy_call_published_whole": {"status": "published"},
        "policy_call_status_known": {
            "status": "x", "definition_id": 1, "published_at": NOW, "published_by_id": 2,
        },
        "policy_call_code_form": {"code": "中"},
    },
    "policy_callchange": {
        "policy_callchange_second_person": {
            "state": "released", "released_at": NOW, "released_by_id": 1,
        },
        "policy_callchange_whole": {"state": "released"},
        "policy_callchange_reason_given": {"reason": " "},
        "policy_callchange_field_known": {"field": "x"},
    },
    "policy_callfigures": {"policy_callfigures_not_negative": {"paid_cny": -1}},
    "policy_question": {
        "policy_question_state_known": {"state": "x"},
        "policy_question_text_given": {"text": " "},
    },
}  # fmt: skip
CHECKS = [(table, name) for table, refused in REFUSED.items() for name in refused]


def _columns(probe: psycopg.Connection, table: str) -> list[tuple[str, str, bool]]:
    """Name, type and whether it must be given."""
    found = probe.execute(
        "SELECT attname, format_type(atttypid, NULL), attnotnull FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return found.fetchall()


def _plain(kind: str, number: int):
    """A value of the type, another for each number."""
    if kind.endswith("[]"):
        return [f"v{number}"]
    if kind in ("jsonb", "json"):
        return f'["v{number}"]'
    if kind == "boolean":
        return number % 2 == 0
    if kind == "date":
        return f"2026-01-{number:02d}"
    if kind.startswith("timestamp"):
        return f"2026-01-{number:02d}T00:00Z"
    if kind in ("bigint", "integer", "smallint", "numeric", "double precision"):
        return number
    return f"v{number}"


def _insert(probe: psycopg.Connection, table: str, number: int, given: dict) -> None:
    row = {}
    for name, kind, needed in _columns(probe, "pg_temp.probe"):
        if name in given:
            empty = [] if kind.endswith("[]") else "[]"
            row[name] = empty if given[name] == "empty" else given[name]
        elif needed:
            row[name] = _plain(kind, number)
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(["%s"] * len(row))
    probe.execute(f"INSERT INTO pg_temp.probe ({names}) VALUES ({marks})", list(row.values()))


@pytest.mark.parametrize(("table", "name"), CHECKS, ids=[name for _table, name in CHECKS])
def test_check_refuses_what_it_is_there_for(table, name):
    with owner_connection() as probe:
        probe.execute(f"CREATE TEMP TABLE probe (LIKE {table} INCLUDING CONSTRAINTS)")
        _insert(probe, table, 1, BASE[table])  # the neutral row is let in
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            _insert(probe, table, 2, BASE[table] | REFUSED[table][name])
    assert refused.value.diag.constraint_name == name


def _uniques() -> list[tuple[str, tuple[str, ...]]]:
    """Table and columns of everything that our models call unique."""
    found = []
    for model in apps.get_models():
        if model.__module__.split(".")[0] not in {
            "portal",
            "policy",
            "applications",
            "reviews",
            "awards",
        }:
            continue
        table, fields = model._meta.db_table, model._meta.local_concrete_fields
        found += [
            (table, (field.column,)) for field in fields if field.unique and not field.primary_key
        ]
        found += [
            (table, tuple(model._meta.get_field(name).column for name in constraint.fields))
            for constraint in model._meta.constraints
            if isinstance(constraint, UniqueConstraint)
            and constraint.fields
            and "id" not in constraint.fields  # what a foreign key points to
        ]
    return sorted(set(found))


# What the condition of an index asks of both rows.
UNDER = {
    ("applications_invoice", ("application_id", "invoice_no")): {"valid": True, "invoice_no": "1"},
    ("applications_application", ("call_id", "organisation_id", "ordinal")): {"status": "draft"},
    ("applications_party", ("application_id", "part", "unit_id", "user_id")): {"unit_id": 1},
    ("policy_callchange", ("call_id", "field")): {"state": "drafted"},
    ("accounts_membership", ("user_id",)): {"organisation_id": 1},
    ("reviews_proposal", ("application_id",)): {"state": "drafted"},
    ("awards_clawback", ("award_id",)): {"state": "drafted"},
    ("awards_entry", ("award_id", "kind")): {"award_id": 1, "kind": "reserve"},
    ("awards_entry", ("payment_id", "kind")): {"payment_id": 1, "kind": "pay"},
}


@pytest.mark.parametrize(
    ("table", "columns"),
    _uniques(),
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_a_second_row_with_what_is_unique_is_refused(table, columns):
    with owner_connection() as probe:
        probe.execute(f"CREATE TEMP TABLE probe (LIKE {table} INCLUDING INDEXES)")
        kinds = {name: kind for name, kind, _needed in _columns(probe, table)}
        same = {name: _plain(kinds[name], 7) for name in columns} | UNDER.get((table, columns), {})
        if table == "applications_party":
            same["user_id"] = None
        _insert(probe, table, 1, same)
        with pytest.raises(psycopg.errors.UniqueViolation) as refused:
            _insert(probe, table, 2, same)
    key = refused.value.diag.message_detail.split("=")[0].removeprefix("Key (").rstrip(")")
    assert set(key.replace('"', "").split(", ")) == set(columns)


_TRIED = {
    "DELETE": "DELETE FROM {} WHERE false",
    "UPDATE": "UPDATE {} SET {} = {} WHERE false",
    "TRUNCATE": "TRUNCATE {}",
    "INSERT": "INSERT INTO {} DEFAULT VALUES",
}


@pytest.mark.parametrize(("table", "right"), sorted(withheld()))
def test_running_role_may_not_what_is_withheld(table, right):
    with connection.cursor() as cursor:
        columns = [
            column.name for column in connection.introspection.get_table_description(cursor, table)
        ]
        statement = _TRIED[right].format(table, columns[0], columns[0])
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute(statement)
