"""The commands ``policy fields`` and ``policy compute``, and a real call of 10-1."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from policy import answering, calls
from policy.computing import InputsRefused
from policy.models import CallFigures, Measure
from portal import clock
from portal.accounts.models import Role
from tests.catalogue import CATALOGUE
from tests.factories import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_policy")]
ITEM = {
    "category": "equipment",
    "invoice_date": "2025-06-30",
    "net_cny": "4000000.00",
    "tax_cny": "520000.00",
    "gross_cny": "4520000.00",
}
INPUTS = {
    "organisation_kind": "hospital",
    "market_operated": True,
    "site_in_nanjing": True,
    "items": [ITEM],
}


@pytest.fixture
def call():
    now = clock.now()
    fields = {
        "title_zh": "2026年度南京市概念验证中心申报通知",
        "title_en": "2026 call for concept-verification centres",
        "guide_zh": "一、申报对象。",
        "year": 2026,
        "opens_at": now + timedelta(hours=1),
        "closes_at": now + timedelta(days=30),
        "budget_cny": Decimal("20000000.00"),
        "places": 10,
        "settings": {"rate": "0.3", "window_start": "2025-01-01", "window_end": "2025-12-31"},
    }
    measure = Measure.objects.get(line="10-1")
    drafted = calls.draft(measure, fields, actor=person(Role.POLICY_ADMIN))
    return calls.publish(drafted, actor=person(Role.POLICY_ADMIN))


def written(folder, data):
    file = folder / "input.json"
    file.write_text(json.dumps(data), "utf-8")
    return str(file)


def computed(capsys, *arguments):
    call_command("policy", "compute", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_line_without_a_call_says_what_is_open(tmp_path, capsys):
    found = computed(capsys, "10-1", "--input", written(tmp_path, INPUTS))
    assert (found["computed_cny"], found["capped_cny"], found["eligible"]) == (None, None, True)
    assert "rate" in found["missing_settings"]
    assert set(found) == {
        "eligible",
        "reasons",
        "computed_cny",
        "capped_cny",
        "binding_cap",
        "missing_settings",
        "steps",
    }


def test_a_published_call_gives_the_amount_and_the_binding_cap(tmp_path, capsys, call):
    CallFigures.objects.filter(call=call).update(committed_cny=Decimal("19000000.01"))
    found = computed(capsys, "10-1", "--input", written(tmp_path, INPUTS), "--call", call.code)
    assert (found["computed_cny"], found["capped_cny"]) == ("1200000.00", "999999.99")
    assert found["binding_cap"] == "call_budget"
    assert found["missing_settings"] == []
    assert found["steps"][0] == {
        "code": "claimed",
        "label_zh": "申报投入（价税合计）",
        "label_en": "Claimed (with tax)",
        "value": "4520000.00",
        "unit": "cny",
        "clause": "",
    }


def test_a_stated_rate_needs_no_call(tmp_path, capsys):
    data = {"organisation_kind": "enterprise", "national_task": True, "rd_input_cny": "80000000"}
    call_command("policy", "compute", "8-2", "--input", written(tmp_path, data))
    told = capsys.readouterr().out
    assert "研发投入 × 比例\t12000000.00" in told
    assert "left to a call: rounding_unit, rounding_mode" in told


@pytest.mark.parametrize(
    ("line", "data", "reason"),
    [
        ("8-2", {"rd_input_cny": "-5"}, "rd_input_cny: 不能为负数（-5）"),
        ("8-2", {"rd_input_cny": 1.5e16}, "rd_input_cny: 数额过大（1.5e+16）"),
        ("8-2", {"rd_input_cny": "200万"}, "rd_input_cny: “200万”带有单位"),
        ("8-2", {}, "rd_input_cny: 请填写此项"),
        ("8-2", {"rd_input_cny": "5", "colour": "red"}, "colour: 没有“colour”这一项"),
        ("8-2", [], "expected an object"),
        ("9-9", {}, "no line 9-9 in force"),
        ("10-1", INPUTS | {"settings": {"rate": "1.01"}}, "settings.rate: 1.01 大于上限 1"),
        ("10-1", INPUTS | {"items": [ITEM | {"invoice_date": "2024-12-31"}], "settings": {
            "rate": "0.3", "window_start": "2025-01-01", "window_end": "2025-12-31"}},
         "items[1].invoice_date: “2024-12-31”不在规定期限内（2025-01-01 至 2025-12-31）"),
        ("10-1", INPUTS | {"items": [ITEM | {"net_cny": "400万元"}]}, "items[1].net_cny: “400万元”带有单位"),
        ("18-1", {"results": 2, "org_uscc": "12320000466006770F"}, "org_uscc: “12320000466006770F”不是有效"),
        ("13-1", {"baseline_input_cny": "0"}, "items: 请填写此项"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_names_its_field(tmp_path, line, data, reason):
    with pytest.raises(CommandError) as error:
        call_command("policy", "compute", line, "--input", written(tmp_path, data))
    assert reason in str(error.value)


def test_a_draft_call_is_not_told(tmp_path, call):
    with pytest.raises(CommandError, match="no published call 10-1-2030-9 of line 10-1"):
        call_command(
            "policy", "compute", "10-1", "--input", written(tmp_path, INPUTS),
            "--call", "10-1-2030-9",
        )  # fmt: skip


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.json"):
        call_command("policy", "compute", "8-2", "--input", str(tmp_path / "nothing.json"))


def test_fields_tell_code_type_unit_bounds_and_need(capsys):
    call_command("policy", "fields", "18-1", "--json")
    found = {item["code"]: item for item in json.loads(capsys.readouterr().out)}
    assert found["results"] == {
        "code": "results",
        "type": "integer",
        "label_zh": "赋权改革成果数",
        "label_en": "Results under the reform",
        "unit": "项",
        "required": True,
        "min": None,
        "max": "10000",
        "choices": None,
    }
    assert found["right"]["choices"] == ["ownership", "long_use", "none"]


def test_fields_of_an_invoice_base_tell_its_columns(capsys):
    call_command("policy", "fields", "10-1", "--json")
    items = json.loads(capsys.readouterr().out)[-1]
    assert (items["code"], items["type"]) == ("items", "invoices")
    assert "fiscal_percent" in [column["code"] for column in items["columns"]]


@pytest.mark.parametrize("line", [m.line for _file, m in CATALOGUE.measures])
def test_every_line_tells_its_fields(line):
    codes = [item["code"] for item in answering.input_fields(line)]
    assert codes
    assert len(codes) == len(set(codes))


RATES = {"rate": "0.30", "window_start": "2025-01-01", "window_end": "2025-12-31"}


def refused_issues(line, inputs, **more):
    with pytest.raises(InputsRefused) as refused:
        answering.answer(line, inputs, **more)
    return [(issue.place, issue.code) for issue in refused.value.issues]


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"colour": "red"}, "colour", "unknown"),
        ({"items": []}, "items", "required"),
        ({"items": [ITEM | {"net_cny": "-1"}]}, "items[1].net_cny", "negative"),
        ({"items": [ITEM | {"net_cny": "400万元"}]}, "items[1].net_cny", "wrong_unit"),
        ({"items": [ITEM | {"net_cny": "1e30"}]}, "items[1].net_cny", "too_large"),
        ({"items": [ITEM | {"net_cny": float("nan")}]}, "items[1].net_cny", "not_a_number"),
        ({"items": [ITEM | {"net_cny": "NaN"}]}, "items[1].net_cny", "not_a_number"),
        ({"items": [ITEM | {"fiscal_percent": "101"}]}, "items[1].fiscal_percent", "above_max"),
        ({"items": [ITEM | {"invoice_date": "2024-12-31"}]}, "items[1].invoice_date",
         "outside_window"),
        ({"items": [ITEM, ITEM | {"invoice_date": "2026-02-30"}]}, "items[2].invoice_date",
         "not_a_date"),
        ({"settings": RATES | {"rate": "1.5"}}, "settings.rate", "above_max"),
        ({"settings": RATES | {"rate": "-0.1"}}, "settings.rate", "below_min"),
        ({"settings": RATES | {"speed": 1}}, "settings.speed", "unknown"),
        ({"settings": []}, "settings", "setting"),
        ({"on": "yesterday"}, "on", "not_a_date"),
    ],
)  # fmt: skip
def test_each_wrong_input_is_its_own_error_and_names_its_field(change, place, code):
    assert (place, code) in refused_issues("10-1", INPUTS | {"settings": RATES} | change)


def test_an_absent_base_is_required():
    assert refused_issues("8-1", {"jointly_published": True}) == [
        ("enterprise_input_cny", "required")
    ]


def test_assumed_settings_compute_without_a_call():
    found = answering.answer("10-1", INPUTS | {"settings": RATES, "on": "2026-03-02"})
    assert (found.computed_cny, found.capped_cny) == (Decimal("1200000.00"),) * 2
    assert found.missing_settings == ()


def test_a_day_outside_the_call_and_settings_beside_it_are_refused(call):
    code = call.code
    given = INPUTS | {"on": "2020-01-01", "settings": {"rate": "0.5"}}
    assert refused_issues("10-1", given, call_code=code) == [
        ("on", "outside_window"),
        ("settings", "not_with_call"),
    ]
