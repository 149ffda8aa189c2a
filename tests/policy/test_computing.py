"""Computing an award: explained, bounded by every cap, replayable, and never on a wrong input."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import computing, rules
from policy.checking import run
from policy.computing import InputsRefused, Scope, compute
from tests.catalogue import CATALOGUE

CENTRE = CATALOGUE.newest("10-1").schema
CHALLENGE = CATALOGUE.newest("8-1").schema
ON = date(2026, 3, 2)
CALL = {"rate": "0.30", "window_start": "2025-01-01", "window_end": "2025-12-31"}
FITS = {"organisation_kind": "university", "market_operated": True, "site_in_nanjing": True}
SCOPE = Scope(subjects={"centre": "abc"}, call="10-1-2026-1")
ACCOUNT = ("centre", "centre:abc/lifetime")
BUDGET = ("call_budget", "call:10-1-2026-1/call")


def invoice(net="1000000.00", tax="0.00", **more):
    gross = str(Decimal(net) + Decimal(tax))
    return {
        "category": "equipment",
        "invoice_date": "2025-06-30",
        "net_cny": net,
        "tax_cny": tax,
        "gross_cny": gross,
    } | more


def award(*items, settings=None, committed=None, scope=SCOPE, **facts):
    return compute(
        CENTRE,
        inputs={**FITS, **facts, "items": list(items) or [invoice()]},
        settings=CALL | (settings or {}),
        committed=committed or {},
        on=ON,
        scope=scope,
    )


def steps_of(result):
    return {step.code: step.value for step in result.steps}


# --- the explanation ------------------------------------------------------------------


def test_every_step_of_an_award_is_named_with_its_figure_and_clause():
    result = award(
        invoice("1000000.00", "130000.00", fiscal_percent="30"),
        invoice("500000.00", "30000.00", verified_cny="450000.00"),
        invoice("800000.00", related_party=True),
        invoice("600000.00", category="personnel"),
        invoice("200000.00", invoice_date="2026-01-01"),
        scope=Scope(subjects={"centre": "abc"}, call="c", budget_cny=Decimal("20000000.00")),
    )
    assert [(step.code, step.value, step.unit) for step in result.steps] == [
        ("claimed", "3260000.00", "cny"),
        ("excluded.category", "600000.00", "cny"),
        ("excluded.window", "200000.00", "cny"),
        ("excluded.related", "800000.00", "cny"),
        ("excluded.tax", "160000.00", "cny"),
        ("excluded.fiscal", "300000.00", "cny"),
        ("excluded.reduction", "50000.00", "cny"),
        ("base", "1150000.00", "cny"),
        ("rate", "0.30", "rate"),
        ("product", "345000.00", "cny"),
        ("computed", "345000.00", "cny"),
        ("cap.centre", "2000000.00", "cny"),
        ("cap.call_budget", "20000000.00", "cny"),
        ("capped", "345000.00", "cny"),
        ("left.centre", "1655000.00", "cny"),
        ("left.call_budget", "19655000.00", "cny"),
    ]
    quoted = {step.code: step.clause for step in result.steps if step.clause}
    assert quoted == {
        "base": "根据绩效择优认定10家市级概念验证中心，按建设投入给予最高200万元资助",
        "cap.centre": "按建设投入给予最高200万元资助",
    }
    assert all(step.label_zh and step.label_en for step in result.steps)


def test_the_caps_that_do_not_bind_tell_their_room_too():
    scope = Scope(subjects={"centre": "abc"}, call="c", budget_cny=Decimal("100000.00"))
    result = award(scope=scope, committed={("call_budget", "call:c/call"): Decimal("40000.00")})
    assert result.binding_cap == "call_budget"
    assert [(room.code, room.left_cny) for room in result.rooms] == [
        ("centre", Decimal("2000000.00")),
        ("call_budget", Decimal("60000.00")),
    ]
    assert (result.computed_cny, result.capped_cny) == (Decimal("300000.00"), Decimal("60000.00"))


def test_a_commitment_of_another_centre_takes_no_room():
    other = {("centre", "centre:xyz/lifetime"): Decimal("2000000.00")}
    assert award(committed=other).capped_cny == Decimal("300000.00")
    assert award(committed={ACCOUNT: Decimal("2000000.00")}).eligible is False


def test_a_commitment_above_the_cap_leaves_nothing_and_no_negative_room():
    result = award(settings={"centre.once": False}, committed={ACCOUNT: Decimal("2500000.00")})
    assert (result.capped_cny, result.binding_cap) == (Decimal("0.00"), "centre")
    assert result.rooms[0].left_cny == 0


def test_without_a_call_everything_that_is_open_is_null_and_named():
    result = compute(
        CENTRE, inputs={**FITS, "items": [invoice()]}, settings=None, committed={}, on=ON
    )
    assert (result.computed_cny, result.capped_cny) == (None, None)
    assert "rate" in result.missing_settings
    values = steps_of(result)
    assert (values["claimed"], values["base"], values["rate"]) == ("1000000.00", None, None)
    assert values["cap.centre"] == "2000000.00"


def test_a_fact_that_is_not_given_makes_the_verdict_unknown_and_no_amount_is_refused():
    result = award(market_operated=None)
    assert result.eligible is None
    assert [(r.code, r.met) for r in result.reasons if r.met is None] == [("market_operated", None)]
    assert result.capped_cny == Decimal("300000.00")


def test_not_eligible_has_reasons_with_their_clause_and_no_amount():
    result = award(organisation_kind="bank")
    assert (result.eligible, result.computed_cny, result.capped_cny) == (False, None, None)
    (reason,) = [reason for reason in result.reasons if reason.met is False]
    assert reason.code == "organisation_kind"
    assert reason.clause == "支持高校院所、医疗卫生机构、企业等分类建设市场化运作的概念验证中心"


def test_accounts_of_a_year_and_of_a_lifetime_have_their_own_keys():
    yearly = CATALOGUE.newest("18-1").schema
    scope = Scope(subjects={"organisation": "u1"}, year=2026)
    (account,) = computing.accounts(yearly, settings={}, scope=scope)
    assert (account.code, account.key) == ("organisation", "organisation:u1/2026")
    (account,) = computing.accounts(CENTRE, settings={}, scope=SCOPE)
    assert (account.code, account.key) == ACCOUNT


# --- alternatives (13-2: both or either) ---------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "merged", "built", "eligible"),
    [
        ("all", True, True, True),
        ("all", True, False, False),
        ("all", True, None, None),
        ("all", None, False, False),
        ("any", True, False, True),
        ("any", False, True, True),
        ("any", False, False, False),
        ("any", False, None, None),
        (None, True, True, True),
        (None, True, False, None),
        (None, False, False, False),
        (None, False, None, None),
    ],
)
def test_both_or_either_as_the_call_says(mode, merged, built, eligible):
    result = compute(
        CATALOGUE.newest("13-2").schema,
        inputs={
            "organisation_kind": "new_rd",
            "merged": merged,
            "platform_built": built,
            "proposed_cny": "1000000",
        },
        settings={"merger_condition": mode} if mode else {},
        committed={},
        on=ON,
    )
    assert result.eligible is eligible
    assert ("merger_condition" in result.missing_settings) is (mode is None)


# --- inputs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"colour": "red"}, "colour", "unknown"),
        ({"enterprise_input_cny": None}, "enterprise_input_cny", "required"),
        ({"enterprise_input_cny": "-1"}, "enterprise_input_cny", "negative"),
        ({"enterprise_input_cny": "200万元"}, "enterprise_input_cny", "wrong_unit"),
        ({"enterprise_input_cny": "1e6"}, "enterprise_input_cny", "not_a_number"),
        ({"enterprise_input_cny": "1.001"}, "enterprise_input_cny", "too_fine"),
        ({"enterprise_input_cny": "1" * 15}, "enterprise_input_cny", "too_large"),
        ({"enterprise_input_cny": 10**5000}, "enterprise_input_cny", "too_large"),
        ({"enterprise_input_cny": 1000.5}, "enterprise_input_cny", "not_a_number"),
        ({"enterprise_input_cny": True}, "enterprise_input_cny", "not_a_number"),
        ({"jointly_published": "yes"}, "jointly_published", "not_a_bool"),
    ],
)
def test_a_wrong_input_is_refused_by_name(change, place, code):
    inputs = {"enterprise_input_cny": "1000000", "jointly_published": True} | change
    with pytest.raises(InputsRefused) as error:
        compute(CHALLENGE, inputs=inputs, settings={}, committed={}, on=ON)
    assert [(issue.place, issue.code) for issue in error.value.issues] == [(place, code)]


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"gross_cny": "1000000.01"}, "items[1].gross_cny", "gross_mismatch"),
        ({"net_cny": "-5"}, "items[1].net_cny", "negative"),
        ({"tax_cny": None}, "items[1].tax_cny", "required"),
        ({"invoice_date": "2025-02-30"}, "items[1].invoice_date", "not_a_date"),
        ({"category": "yacht"}, "items[1].category", "not_a_choice"),
        ({"fiscal_percent": "100.01"}, "items[1].fiscal_percent", "above_max"),
        ({"verified_cny": "1000000.01"}, "items[1].verified_cny", "above_gross"),
        ({"note": "x"}, "items[1].note", "unknown"),
    ],
)
def test_a_wrong_invoice_is_refused_by_row_and_column(change, place, code):
    with pytest.raises(InputsRefused) as error:
        award(invoice() | change)
    assert [(issue.place, issue.code) for issue in error.value.issues] == [(place, code)]


@pytest.mark.parametrize(
    ("rows", "code"), [([], "required"), (None, "required"), ("x", "not_a_list")]
)
def test_an_invoice_base_without_rows_is_refused(rows, code):
    with pytest.raises(InputsRefused) as error:
        compute(CENTRE, inputs={**FITS, "items": rows}, settings=CALL, committed={}, on=ON)
    assert [(issue.place, issue.code) for issue in error.value.issues] == [("items", code)]


def test_a_total_that_no_column_holds_is_refused():
    rows = [invoice("999999999999.99"), invoice("0.01")]
    with pytest.raises(InputsRefused, match="items: too_large"):
        award(*rows)


def test_all_wrong_inputs_are_told_at_once():
    with pytest.raises(InputsRefused) as error:
        award(invoice() | {"net_cny": "x"}, invoice() | {"category": "y"}, organisation_kind="z")
    assert {issue.place for issue in error.value.issues} == {
        "organisation_kind",
        "items[1].net_cny",
        "items[2].category",
    }


# --- properties ----------------------------------------------------------------------------

amounts = st.decimals(min_value=0, max_value=10**9, places=2).map(str)
percents = st.decimals(min_value=0, max_value=100, places=2).map(str)
rows = st.lists(
    st.builds(
        lambda net, tax, category, day, related, fiscal: invoice(
            net,
            tax,
            category=category,
            invoice_date=day,
            related_party=related,
            fiscal_percent=fiscal,
        ),
        amounts,
        amounts,
        st.sampled_from(["equipment", "personnel", "lease", "other"]),
        st.sampled_from(["2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01"]),
        st.booleans(),
        percents,
    ),
    min_size=1,
    max_size=8,
)
calls = st.fixed_dictionaries(
    {
        "rate": st.decimals(min_value="0.0001", max_value=1, places=4).map(str),
        "rounding_unit": st.sampled_from(["fen", "yuan", "hundred", "wan"]),
        "rounding_mode": st.sampled_from(["down", "half_up"]),
        "exclude_related": st.booleans(),
        "exclude_fiscal": st.booleans(),
        "tax_inclusive": st.booleans(),
        "centre.once": st.just(False),
    }
)
money = st.decimals(min_value=0, max_value=3 * 10**6, places=2)


@given(rows, calls, money, money)
def test_an_award_never_exceeds_any_room_nor_what_was_computed(items, settings, used, budget):
    result = award(
        *items,
        settings=settings,
        committed={ACCOUNT: used},
        scope=Scope(subjects={"centre": "abc"}, call="10-1-2026-1", budget_cny=budget),
    )
    assert result.capped_cny <= result.computed_cny
    assert all(result.capped_cny <= room.left_cny for room in result.rooms)
    assert result.capped_cny + used <= max(Decimal(2_000_000), used)
    bound = result.binding_cap is not None
    assert bound is (result.capped_cny < result.computed_cny)


@given(rows, calls)
def test_what_is_excluded_and_the_base_add_up_to_the_claim(items, settings):
    values = steps_of(award(*items, settings=settings))
    excluded = sum(Decimal(value) for code, value in values.items() if "excluded." in code)
    assert Decimal(values["claimed"]) == excluded + Decimal(values["base"])
    assert Decimal(values["base"]) >= 0


@given(rows, calls, amounts)
def test_one_more_invoice_never_lowers_the_award(items, settings, net):
    fewer = award(*items, settings=settings)
    more = award(*items, invoice(net), settings=settings)
    assert more.computed_cny >= fewer.computed_cny
    assert more.capped_cny >= fewer.capped_cny


@given(rows, calls, st.data())
def test_a_reviewers_reduction_never_raises_the_award(items, settings, data):
    cut = [
        row | {"verified_cny": str(Decimal(row["gross_cny"]) * data.draw(st.integers(0, 4)) / 4)}
        for row in items
    ]
    cut = [
        row | {"verified_cny": str(Decimal(row["verified_cny"]).quantize(rules.ZERO))}
        for row in cut
    ]
    cut = [
        row | {"verified_cny": min(row["verified_cny"], row["gross_cny"], key=Decimal)}
        for row in cut
    ]
    assert (
        award(*cut, settings=settings).computed_cny <= award(*items, settings=settings).computed_cny
    )


@given(rows, calls, money, money)
def test_a_stored_award_replays_to_the_same_bytes(items, settings, used, budget):
    result = award(
        *items,
        settings=settings,
        committed={ACCOUNT: used, BUDGET: used},
        scope=Scope(subjects={"centre": "abc"}, call="10-1-2026-1", budget_cny=budget),
    )
    stored = json.loads(result.canonical())
    assert computing.replay(CENTRE, stored).canonical() == result.canonical()
    assert computing.canonical(stored) == result.canonical()


def test_a_tampered_award_does_not_replay():
    stored = json.loads(award().canonical())
    stored["capped_cny"] = "300000.01"
    assert computing.replay(CENTRE, stored).canonical() != computing.canonical(stored)


@given(
    st.lists(st.decimals(min_value=1, max_value=10**8, places=2), min_size=2, max_size=4),
)
def test_splitting_a_project_follows_the_scope_that_the_cap_counts(parts):
    """Under one centre the parts share its cap; as centres of their own each has one."""
    together, used = Decimal(0), Decimal(0)
    for part in parts:
        step = award(invoice(str(part)), settings={"centre.once": False}, committed={ACCOUNT: used})
        used += step.capped_cny
    together = used
    apart = sum(
        award(invoice(str(part)), scope=Scope(subjects={"centre": str(number)})).capped_cny
        for number, part in enumerate(parts)
    )
    assert together <= Decimal(2_000_000)
    assert together <= apart <= Decimal(2_000_000) * len(parts)


@pytest.mark.parametrize(
    "entry", CATALOGUE.definitions, ids=[entry.line for entry in CATALOGUE.definitions]
)
def test_every_golden_case_computes_alike_twice(entry):
    for case in entry.cases.cases:
        assert run(entry, case).canonical() == run(entry, case).canonical()


# --- stacking, ceilings over several lines ------------------------------------------------------

ENTERPRISE = {"jointly_published": True}
ORGANISATION = Scope(subjects={"project": "p", "organisation": "o", "case": "c"}, year=2026)


@given(
    st.decimals(min_value="0.01", max_value=10**9, places=2),
    st.decimals(min_value=0, max_value=10**7, places=2),
    st.sampled_from(["none", "exclude", "higher", "top_up"]),
)
def test_stacked_support_never_exceeds_what_its_rule_allows(base, held, mode):
    result = compute(
        CHALLENGE,
        inputs={**ENTERPRISE, "enterprise_input_cny": str(base)},
        settings={"joint_and_challenge.mode": mode},
        committed={("stacking.joint_and_challenge", "project:p/lifetime"): held},
        on=ON,
        scope=ORGANISATION,
    )
    capped = result.capped_cny or Decimal(0)
    computed = computing.compute(
        CHALLENGE, inputs={**ENTERPRISE, "enterprise_input_cny": str(base)}, settings={},
        committed={}, on=ON, scope=ORGANISATION,
    ).computed_cny  # fmt: skip
    if mode == "exclude" and held:
        assert result.eligible is False
    if mode == "higher" and held:
        assert capped + held <= max(computed, held)
    if mode == "top_up":
        assert capped == 0 or capped + held <= Decimal(2_000_000)
    assert computing.replay(CHALLENGE, result.as_json()).canonical() == result.canonical()


@given(
    st.decimals(min_value="0.01", max_value=10**9, places=2),
    st.decimals(min_value=0, max_value=10**7, places=2),
    st.decimals(min_value="0.01", max_value=10**7, places=2),
)
def test_a_ceiling_over_several_lines_is_never_exceeded(base, held, limit):
    result = compute(
        CHALLENGE,
        inputs={**ENTERPRISE, "enterprise_input_cny": str(base)},
        settings={"group_limit_cny": str(limit), "group_lines": ["8-2"]},
        committed={("group_limit", "organisation:o/2026"): held},
        on=ON,
        scope=ORGANISATION,
    )
    assert result.capped_cny <= max(limit - held, Decimal(0))
    assert [room.code for room in result.rooms] == ["project", "group_limit"]
