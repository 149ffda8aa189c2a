"""``manage.py policy``: loads and lists, and names what it cannot load."""

import json

import pytest
from django.core.management import CommandError, call_command

from policy.models import CalendarYear, Measure
from tests.policy.test_loading import lay_copy

pytestmark = pytest.mark.django_db


def test_command_loads_and_lists_as_json(capsys):
    call_command("policy", "load")
    assert "32 measures; definitions: 32 new, 0 known" in capsys.readouterr().out
    assert set(CalendarYear.objects.values_list("year", flat=True)) >= {2024, 2025, 2026}
    call_command("policy", "list", "--json")
    entries = json.loads(capsys.readouterr().out)
    entry = next(entry for entry in entries if entry["line"] == "10-1")
    assert entry == {
        "line": "10-1",
        "article": 10,
        "name_zh": "概念验证中心",
        "name_en": "Concept-verification centre",
        "lead_unit": "市科技局",
        "co_units": ["市教育局", "市工信局", "市卫健委", "市财政局", "市委金融办"],
        "clause": "根据绩效择优认定10家市级概念验证中心，按建设投入给予最高200万元资助",
        "caps": [
            {
                "amount_cny": "2000000",
                "scope": "centre",
                "period": "lifetime",
                "source": "stated",
            }
        ],
        "quota": 10,
        "rate": None,
    }


def test_command_names_file_and_line_of_what_it_cannot_load(tmp_path):
    path = lay_copy(tmp_path, line="8-1", name="award.yaml", old="kind:", new="kinds:")
    with pytest.raises(CommandError, match=r"8-1/2024-08-27/award.yaml:1: .*unknown key 'kinds'"):
        call_command("policy", "load", "--path", str(path))
    assert not Measure.objects.exists()
