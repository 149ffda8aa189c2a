"""Loading the catalogue: idempotent, all or nothing, and a stored definition is never edited."""

import io
import shutil
from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection

from policy import listing, loading
from policy.entries import CATALOGUE, Catalogue
from policy.models import Article, ArticleUnit, Definition, Document, Measure
from policy.schema import parse
from portal import clock
from portal.accounts.models import Unit
from portal.audit.models import Event
from tests.catalogue import CATALOGUE as WHOLE

pytestmark = pytest.mark.django_db

LEADS = {"市科技局": 21, "市委金融办": 3, "市市场监管局": 1, "市教育局": 1}


@pytest.fixture(scope="module")
def loaded(module_rows):
    done = loading.load(WHOLE, actor="test")
    connection.check_constraints()
    return done


def lay_copy(folder, *, line, name, old, new):
    """A copy of the catalogue with one text replaced in one file of a line's definition."""
    copy = folder / "catalogue"
    shutil.copytree(CATALOGUE, copy)
    file = copy / line / "2024-08-27" / name
    text = file.read_text("utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new), "utf-8")
    return copy


def test_load_brings_the_whole_document(loaded):
    assert (loaded.units, loaded.articles, loaded.measures) == (43, 22, 32)
    assert (loaded.definitions_new, loaded.definitions_known) == (32, 0)
    assert Unit.objects.districts().count() == 12
    assert Document.objects.get().articles.count() == 22
    assert Event.objects.filter(action="definition.load").count() == 32


def test_load_again_changes_nothing(loaded):
    before = list(Definition.objects.values_list("pk", "sha256"))
    named = list(ArticleUnit.objects.values_list("pk", flat=True))
    again = loading.load(WHOLE, actor="test")
    assert (again.definitions_new, again.definitions_known) == (0, 32)
    assert list(Definition.objects.values_list("pk", "sha256")) == before
    assert list(ArticleUnit.objects.values_list("pk", flat=True)) == named
    assert Event.objects.filter(action="definition.load").count() == 32


def test_articles_keep_the_texts_order_of_units_and_end_with_the_districts(loaded):
    article = Article.objects.get(no=10)
    named = [row.unit.name_zh for row in article.article_units.select_related("unit")]
    assert named[:6] == ["市科技局", "市教育局", "市工信局", "市卫健委", "市财政局", "市委金融办"]
    assert named[6] == "江北新区"
    assert len(named) == 18
    assert article.text.startswith("分类建设概念验证中心。支持高校院所、医疗卫生机构、企业等")


def test_lead_units_are_those_named_first(loaded):
    funding = Measure.objects.exclude(line="13-0")
    # 3-1 and 15-1 are one funding line of the document each, here four and three.
    lines = {measure.line.rstrip("abcd"): measure.lead_unit.name_zh for measure in funding}
    counted = {name: list(lines.values()).count(name) for name in LEADS}
    assert counted == LEADS


def test_a_changed_definition_of_a_stored_date_is_refused_whole(loaded, tmp_path):
    path = lay_copy(tmp_path, line="8-1", name="caps.yaml", old='"2000000"', new='"3000000"')
    units = path / "units.yaml"
    units.write_text(
        units.read_text("utf-8").replace("en: Nanjing Customs", "en: Customs"), "utf-8"
    )
    cases = path / "8-1" / "2024-08-27" / "cases.yaml"
    cases.write_text("cases: []\n", "utf-8")
    with pytest.raises(loading.DefinitionChanged, match=r"8-1 from 2024-08-27.*never edited"):
        loading.load(Catalogue(path), actor="test")
    assert Unit.objects.get(code="hg").name_en == "Nanjing Customs"


def test_an_upgrade_keeps_the_stored_definition_tells_it_and_loads_the_rest(loaded, tmp_path):
    path = lay_copy(tmp_path, line="8-1", name="caps.yaml", old='"2000000"', new='"3000000"')
    units = path / "units.yaml"
    units.write_text(
        units.read_text("utf-8").replace("en: Nanjing Customs", "en: Customs"), "utf-8"
    )
    (path / "8-1" / "2024-08-27" / "cases.yaml").write_text("cases: []\n", "utf-8")
    stored = Definition.objects.get(measure__line="8-1")
    done = loading.load(Catalogue(path), actor="test", keep=True)
    assert [(fault.line, fault.stored_sha256) for fault in done.kept] == [("8-1", stored.sha256)]
    assert Definition.objects.get(measure__line="8-1").sha256 == stored.sha256
    assert Unit.objects.get(code="hg").name_en == "Customs"
    told = io.StringIO()
    call_command("policy", "load", "--keep", f"--path={path}", stdout=io.StringIO(), stderr=told)
    assert told.getvalue().startswith("8-1 from 2024-08-27: the stored definition")


def test_a_later_date_is_a_new_version_beside_the_old_one(loaded, tmp_path):
    path = lay_copy(tmp_path, line="8-1", name="award.yaml", old="0.10", new="0.10")
    shutil.copytree(path / "8-1" / "2024-08-27", path / "8-1" / "2026-01-01")
    done = loading.load(Catalogue(path), actor="test")
    assert done.new == ["8-1 2026-01-01"]

    def in_force(day):
        return Definition.objects.in_force(on=day).get(measure__line="8-1").valid_from

    assert in_force(date(2025, 12, 31)) == date(2024, 8, 27)
    assert in_force(date(2026, 1, 1)) == date(2026, 1, 1)
    assert Definition.objects.in_force(on=date(2024, 8, 26)).count() == 0


def test_what_is_stored_parses_to_what_the_files_say(loaded):
    for entry in WHOLE.definitions:
        stored = Definition.objects.get(measure__line=entry.line)
        assert parse(stored.body) == entry.schema
        assert stored.sha256 == entry.sha256


def test_moved_lines_take_their_new_place(loaded):
    Measure.objects.filter(line="1-1").update(position=900)
    Measure.objects.filter(line="2-1").update(position=1)
    loading.load(WHOLE, actor="test")
    assert list(Measure.objects.values_list("line", flat=True)[:4]) == [
        "1-1",
        "2-1",
        "3-1a",
        "3-1b",
    ]


# --- the list ----------------------------------------------------------------------

STATED = {  # line: (highest amount, quota, rate)
    "1-1": (None, None, None),
    "2-1": (None, None, None),
    "3-1a": ("2000000", None, None),
    "3-1b": ("2000000", None, None),
    "3-1c": ("2000000", None, None),
    "3-1d": ("2000000", None, None),
    "3-2": ("1000000", None, None),
    "4-1": (None, None, None),
    "6-1": ("1000000", None, None),
    "7-1": ("5000000", None, None),
    "8-1": ("2000000", None, "0.10"),
    "8-2": ("10000000", None, "0.15"),
    "8-3": ("20000000", None, None),
    "8-4": ("5000000", None, "0.10"),
    "10-1": ("2000000", 10, None),
    "10-2": ("1000000", None, None),
    "11-1": ("2000000", 20, None),
    "11-2": ("1000000", None, None),
    "12-1": (None, 30, None),
    "13-0": (None, 40, None),
    "13-1": ("3000000", None, "0.20"),
    "13-2": ("5000000", None, None),
    "13-3": ("5000000", None, None),
    "15-1a": (None, None, None),
    "15-1b": (None, None, None),
    "15-1c": (None, None, None),
    "15-2": (None, None, "0.50"),
    "15-3": ("500000", 30, None),
    "17-1": ("200000", None, "0.20"),
    "18-1": ("1000000", None, None),
    "20-1": (None, None, None),
    "21-1": ("1000000", None, None),
}


def test_list_states_caps_quotas_and_rates_of_the_document(loaded):
    entries = listing.list_measures(on=clock.today())
    found = {
        entry["line"]: (
            entry["caps"][0]["amount_cny"] if entry["caps"] else None,
            entry["quota"],
            entry["rate"],
        )
        for entry in entries
    }
    assert found == STATED
    assert [entry["line"] for entry in entries] == list(STATED)


def test_list_of_all_lines_takes_three_queries(loaded, django_assert_num_queries):
    today = clock.today()
    with django_assert_num_queries(3):
        listing.list_measures(on=today)
