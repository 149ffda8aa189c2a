"""Joint projects: the award in whole 元 by the declared shares, shown, kept and paid to each."""

from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from applications.models import TableRow
from awards import decisions, papers, payments, sharing
from awards.models import Award, Decision, Payment, Share
from policy.entries import Catalogue
from policy.rules import by_shares
from portal.accounts.models import Role
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.awards.cases import BODY, make_scene
from tests.awards.test_decisions import confirmed, draft, ready
from tests.awards.test_ledger import flush
from tests.factories import OrganisationFactory, person

pytestmark = pytest.mark.django_db
TEXT = {"zh": "项", "en": "Item"}
RULE = Catalogue().newest("13-1").schema.setting("payee_rule")


# --- the rule ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "percents", "parts"),
    [
        ("3000000.00", ["60", "40"], ["1800000.00", "1200000.00"]),
        ("100.00", ["33.33", "33.33", "33.34"], ["33.00", "33.00", "34.00"]),
        ("2.00", ["33.34", "33.33", "33.33"], ["1.00", "1.00", "0.00"]),
        ("1.00", ["50", "50"], ["1.00", "0.00"]),
        ("100.55", ["50", "50"], ["50.55", "50.00"]),
        ("7.00", ["100"], ["7.00"]),
        ("0.00", ["50", "50"], ["0.00", "0.00"]),
    ],
)
def test_parts_are_whole_yuan_and_the_largest_remainders_get_the_rest(amount, percents, parts):
    assert by_shares(D(amount), [D(part) for part in percents]) == [D(part) for part in parts]


def test_what_is_below_one_yuan_goes_to_who_leads():
    assert by_shares(D("100.55"), [D(50), D(50)], first=1) == [D("50.00"), D("50.55")]


@pytest.mark.parametrize("percents", [[], ["50", "49.99"], ["100", "0"], ["110", "-10"]])
def test_shares_that_are_no_parts_of_a_hundred_are_refused(percents):
    with pytest.raises(ValueError, match="parts of 100"):
        by_shares(D(100), [D(part) for part in percents])


@given(
    fen=st.integers(0, 10**12),
    weights=st.lists(st.integers(1, 10_000), min_size=1, max_size=20),
)
def test_parts_add_up_to_the_award_and_none_is_a_yuan_off_its_share(fen, weights):
    total, amount = sum(weights), D(fen) / 100
    cut = [D(weight * 10_000 // total) / 100 for weight in weights]
    cut[0] += 100 - sum(cut)
    if min(cut) <= 0:
        return
    parts = by_shares(amount, cut)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    whole = amount // 1
    parts[0] -= amount - whole
    assert all(part == part // 1 for part in parts)
    off = [abs(part - whole * share / 100) for part, share in zip(parts, cut, strict=True)]
    assert max(off) < 1


def test_the_lines_with_partners_let_the_call_choose_the_payee():
    having = {
        entry.line
        for entry in Catalogue().definitions
        if any(setting.code == "payee_rule" for setting in entry.schema.settings)
    }
    assert having == {"7-1", "8-1", "8-3", "10-1", "11-1", "13-1", "21-1"}
    for entry in Catalogue().definitions:
        if entry.line in having:
            columns = {column.code for column in entry.schema.form.tables["partners"].columns}
            assert {"name", "uscc", "share_percent"} <= columns
            kinds = {check.kind for check in entry.schema.form.tables["partners"].checks}
            assert "sum_to" in kinds
            checks = {c.code for s in entry.schema.form.sections for c in s.checks}
            assert "applicant_listed" in checks


# --- decided and paid ----------------------------------------------------------------------


def partners_section() -> dict:
    columns = [
        {"code": "name", "type": "text", "label": TEXT},
        {"code": "uscc", "type": "uscc", "label": TEXT},
        {"code": "share_percent", "type": "percent", "label": TEXT, "unit": TEXT},
    ]
    section = {"code": "partners", "title": TEXT, "kind": "table"}
    return section | {"table": {"code": "partners", "columns": columns}}


def scene_of(rule="shares", **settings):
    groups = [
        *BODY["form"]["groups"],
        {"code": "joint", "title": TEXT, "sections": [partners_section()]},
    ]
    rule_setting = {
        "code": "payee_rule", "type": "choice", "label": TEXT, "help": TEXT, "default": "applicant",
        "choices": [{"code": code, "label": TEXT} for code in ("applicant", "shares")],
    }  # fmt: skip
    from tests.policy import callable as callables

    body = {"form": {"groups": groups}, "settings": [*callables.SETTINGS, rule_setting]}
    return make_scene(body=body, settings={"payee_rule": rule} | settings)


def joint(scene, *partners, own="60.00"):
    """An award that waits for its decision, with (organisation, percent) beside the applicant."""
    award = ready(scene)
    rows = [(award.organisation, own), *partners]
    for position, (organisation, percent) in enumerate(rows, start=1):
        TableRow.objects.create(
            application=award.application, table="partners", position=position,
            data={"name": organisation.name, "uscc": organisation.uscc, "share_percent": percent},
        )  # fmt: skip
    return award


def test_the_decision_shows_the_parts_before_and_keeps_them_after(client):
    scene = scene_of()
    partner = OrganisationFactory()
    told = person(Role.ORG_ADMIN, organisation=partner)
    award = joint(scene, (partner, "40.00"))
    decision = draft(scene, award, amount="900001.50")
    client.force_login(scene.lead_head)
    page = client.get(f"/awards/decisions/{decision.uid}/").content.decode()
    assert "¥360,000.00" in page and "¥540,001.50" in page
    decisions.release(decision, actor=scene.lead_head)
    flush()
    parts = list(Share.objects.values_list("uscc", "percent", "amount_cny"))
    assert parts == [
        (award.organisation.uscc, D("60.00"), D("540001.50")),
        (partner.uscc, D("40.00"), D("360000.00")),
    ]
    (row,) = papers.decision_data(Decision.objects.get())["rows"]
    assert f"{partner.name} 40% 360,000.00 元" in row[2]
    assert "¥360,000.00" in client.get(f"/awards/awards/{award.uid}/").content.decode()
    subjects = Notice.objects.filter(recipient=told).values_list("subject", flat=True)
    assert any("40%" in str(subject) for subject in subjects)


def test_each_is_paid_its_part_in_the_calls_instalments():
    scene = scene_of(instalments=[60, 40])
    partner = OrganisationFactory()
    award = joint(scene, (partner, "33.33"), own="66.67")
    confirmed(scene, award, amount="1000000")
    dues = payments.dues(scene.call)
    assert [(due.payee_name, due.amount_cny) for due in dues] == [
        (award.organisation.name, D("400020.00")),
        (partner.name, D("199980.00")),
    ]
    assert payments.due_count(scene.call) == 1
    only = payments.draft(scene.call, awards=[award], keys={dues[1].key}, actor=scene.finance)
    (payment,) = only.payments.all()
    assert (payment.payee_name, payment.amount_cny) == (partner.bank_account_name, D("199980.00"))
    payments.release(only, actor=scene.finance_head)
    while payments.dues(scene.call):
        batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
        payments.release(batch, actor=scene.finance_head)
    flush()
    award.refresh_from_db()
    assert (award.state, award.paid_cny) == (Award.State.PAID, D("1000000.00"))
    paid = Payment.objects.filter(share__uscc=partner.uscc)
    assert sum(row.amount_cny for row in paid) == D("333300.00")
    assert payments.due_count(scene.call) == 0


def test_a_partner_that_is_not_in_the_portal_is_told_as_missing_and_the_others_are_paid():
    scene = scene_of()
    partner = OrganisationFactory.build(uscc="91320100MA1W00016A", name="外地示例公司")
    award = joint(scene, (partner, "40.00"))
    confirmed(scene, award, amount="1000000")
    own, other = payments.dues(scene.call)
    assert other.payee_missing == ["bank_account_name", "bank_name", "bank_account"]
    with pytest.raises(Refused) as refused:
        payments.draft(scene.call, awards=[award], actor=scene.finance)
    assert refused.value.facts["organisation"] == "外地示例公司"
    payments.draft(scene.call, awards=[award], keys={own.key}, actor=scene.finance)


def test_where_the_call_says_so_the_applicant_is_paid_alone():
    scene = scene_of(rule="applicant")
    award = joint(scene, (OrganisationFactory(), "40.00"))
    confirmed(scene, award, amount="1000000")
    assert Share.objects.count() == 0
    (due,) = payments.dues(scene.call)
    assert (due.payee_name, due.amount_cny) == (award.organisation.name, D("1000000.00"))


@pytest.mark.parametrize("own", ["59.99", "60.01"])
def test_shares_that_do_not_add_up_stop_the_signature_and_are_told_on_the_page(client, own):
    scene = scene_of()
    award = joint(scene, (OrganisationFactory(), "40.00"), own=own)
    decision = draft(scene, award)
    client.force_login(scene.lead_head)
    assert "份额合计不是 100%" in client.get(f"/awards/decisions/{decision.uid}/").content.decode()
    with pytest.raises(Refused) as refused:
        decisions.release(decision, actor=scene.lead_head)
    assert refused.value.reason == "shares_wrong"
    assert Share.objects.count() == 0


def test_an_applicant_left_out_of_its_own_project_stops_the_signature():
    scene = scene_of()
    award = joint(scene, (OrganisationFactory(), "40.00"))
    TableRow.objects.filter(position=1).delete()
    TableRow.objects.update(data={"name": "x", "uscc": "y", "share_percent": "100"})
    with pytest.raises(Refused, match="shares_wrong"):
        sharing.preview([(award.application, D(100))])


def test_the_database_refuses_parts_that_are_not_the_award():
    scene = scene_of()
    award = scene.approved()
    with pytest.raises(IntegrityError, match="not what was approved"), transaction.atomic():
        Share.objects.create(
            award=award, position=1, uscc="x", name="x", percent=D(100), amount_cny=D("999999.99")
        )
        flush()
