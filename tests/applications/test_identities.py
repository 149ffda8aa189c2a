"""Which subject a case stands for: the same centre, result or project is found by the same key."""

from types import SimpleNamespace

import pytest

from applications.identities import digest, subjects
from policy.bounds import Scope, stack_accounts
from policy.entries import Catalogue

SCHEMAS = {entry.line: entry.schema for entry in Catalogue().definitions}


def told(line: str, organisation: str = "org-a", **answers):
    """The subjects of a case of the line with these answers."""
    application = SimpleNamespace(organisation=SimpleNamespace(uid=organisation))
    content = SimpleNamespace(schema=SCHEMAS[line], values=answers, application=application)
    return subjects(content)


def stack_key(line: str, code: str, found, **settings) -> str:
    scope = Scope(subjects={"project": "case", "result": "case", "organisation": "org-a"} | found)
    rows = stack_accounts(SCHEMAS[line], settings=settings, scope=scope)
    return next(row.key for row in rows if row.code == f"stacking.{code}")


@pytest.mark.parametrize(
    "other",
    [
        "202410123456.7",
        "ZL 2024 1 0123456.7",
        "zl202410123456.7",
        "ＣＮ２０２４１０１２３４５６．７",
    ],
)
def test_a_patent_is_the_same_however_its_number_is_written(other):
    assert digest(other) == digest("ZL202410123456.7")


def test_another_number_is_another_subject():
    assert digest("ZL202410123456.7") != digest("ZL202410123456.8")
    assert digest("CNKI-1") != digest("KI-1")


def test_a_result_is_one_under_both_lines_whoever_applies():
    verified = told("10-2", "org-a", property_no="ZL202410123456.7")
    piloted = told("11-2", "org-b", property_no="CN 202410123456.7")
    assert verified == piloted != told("11-2", property_no="ZL202410123450.8")
    keys = {
        stack_key("10-2", "verified_and_piloted", verified),
        stack_key("11-2", "verified_and_piloted", piloted),
    }
    assert len(keys) == 1


def test_a_challenge_is_one_project_under_both_lines_whichever_party_applies():
    challenge = told("8-1", "org-a", challenge_no="JB-2026-007")
    assert challenge == told("8-1", "org-b", challenge_no="jb2026007")
    joint = told("13-1", "org-b", contract_number="LH-1", challenge_no="JB 2026-007")
    keys = {
        stack_key("8-1", "joint_and_challenge", challenge),
        stack_key("13-1", "joint_and_challenge", joint),
    }
    assert len(keys) == 1


def test_joint_research_that_is_no_challenge_goes_by_its_contract_within_the_organisation():
    joint = told("13-1", contract_number="LH-1", challenge_no=None)
    assert set(joint) == {"project"}
    assert joint == told("13-1", contract_number="lh1")
    assert joint != told("13-1", "org-b", contract_number="LH-1")
    challenge = told("8-1", challenge_no="LH-1")
    assert stack_key("13-1", "joint_and_challenge", joint) != stack_key(
        "8-1", "joint_and_challenge", challenge
    )


def test_the_challenge_does_not_move_the_cap_of_joint_research():
    plain = told("13-1", contract_number="LH-1")
    challenged = told("13-1", contract_number="LH-1", challenge_no="JB-1")
    assert challenged["project"] == plain["project"]


def test_a_call_that_counts_stacking_by_organisation_asks_for_no_number():
    settings = {"joint_and_challenge.scope": "organisation"}
    key = stack_key("13-1", "joint_and_challenge", told("13-1", challenge_no="JB-1"), **settings)
    assert key == "organisation:org-a/lifetime"
