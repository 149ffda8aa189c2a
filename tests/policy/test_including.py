"""``use`` in the catalogue: entries put in, left out, changed and added to; faults with their line."""

import pytest

from policy.including import Expansion, Shared
from policy.yamls import CatalogueError, YamlFile

SHARED = """\
plan:
  - {code: check, next: experts, limit: 5}
  - {code: experts, next: meeting, limit: 10}
  - {code: meeting, limit: 3}
short_plan:
  use: plan
  omit: [experts]
section:
  code: project
  fields:
    - {code: name, label: Name}
    - {code: place, label: Place}
asking: {fields: [{input: area, required: true}]}
nested: {table: {columns: [{code: a}]}}
round:
  use: square
square:
  use: round
"""


@pytest.fixture
def read(tmp_path):
    """A file's data expanded, and its expansion."""

    def reading(text: str, inputs=None):
        (tmp_path / "shared.yaml").write_text(SHARED, "utf-8")
        (tmp_path / "part.yaml").write_text(text, "utf-8")
        shared = Shared([YamlFile(tmp_path / "shared.yaml", tmp_path / "shared.yaml")])
        file = YamlFile(tmp_path / "part.yaml", tmp_path / "part.yaml")
        expansion = Expansion(file, shared, inputs)
        return expansion.expand(file.data, (), ()), expansion

    return reading


def test_an_entry_stands_with_the_other_keys_over_it(read):
    data, _expansion = read("form:\n  use: section\n  code: centre\n")
    assert data["form"]["code"] == "centre"
    assert [field["code"] for field in data["form"]["fields"]] == ["name", "place"]


def test_a_list_of_an_entry_joins_the_list_that_it_is_used_in(read):
    data, expansion = read(
        "stages:\n  - {code: first}\n  - use: plan\n  - {code: last, limit: 1}\n"
    )
    codes = [stage["code"] for stage in data["stages"]]
    assert codes == ["first", "check", "experts", "meeting", "last"]
    # What comes after it keeps its own line, whatever number it has now.
    assert [expansion.lines["stages", n] for n in range(5)] == [2, 3, 3, 3, 4]
    assert expansion.lines["stages", 4, "limit"] == 4


def test_a_stage_left_out_is_passed_over(read):
    data, _expansion = read("stages:\n  use: short_plan\n")
    assert data["stages"] == [
        {"code": "check", "next": "meeting", "limit": 5},
        {"code": "meeting", "limit": 3},
    ]


def test_the_stage_before_the_last_ends_when_the_last_is_left_out(read):
    data, _expansion = read("stages:\n  use: plan\n  omit: [experts, meeting]\n")
    assert data["stages"] == [{"code": "check", "limit": 5}]


def test_a_part_is_changed_where_it_stands_and_knows_its_line(read):
    text = "stages:\n  - {code: first}\n  - use: plan\n    change:\n      experts: {limit: 20}\n"
    data, expansion = read(text)
    assert data["stages"][2] == {"code": "experts", "next": "meeting", "limit": 20}
    assert expansion.lines["stages", 2, "limit"] == 5


def test_items_are_added_to_a_list_of_the_entry(read):
    text = "form:\n  use: section\n  omit: [name]\n  add:\n    fields:\n      - {code: area}\n    checks: []\n"
    data, expansion = read(text)
    assert [field["code"] for field in data["form"]["fields"]] == ["place", "area"]
    assert data["form"]["checks"] == []
    assert expansion.lines["form", "fields", 1] == 6


def test_a_list_below_is_added_to_by_its_path(read):
    data, _expansion = read("a:\n  use: nested\n  add: {table.columns: [{code: b}]}\n")
    assert data["a"]["table"]["columns"] == [{"code": "a"}, {"code": "b"}]


def test_using_an_entry_twice_leaves_it_as_it_was(read):
    text = "a: {use: section, change: {name: {label: Title}}}\nb: {use: section}\n"
    data, _expansion = read(text)
    assert [data[key]["fields"][0]["label"] for key in "ab"] == ["Title", "Name"]


def test_an_input_of_the_rule_stands_in_the_form_as_it_is_written_there(read):
    inputs = {"premium_cny": {"code": "premium_cny", "type": "money"}}
    data, _expansion = read("fields:\n  - {input: premium_cny, required: true}\n", inputs)
    assert data["fields"] == [{"code": "premium_cny", "type": "money", "required": True}]


def test_a_shared_entry_takes_the_inputs_of_the_line_that_uses_it(read):
    inputs = {"area": {"code": "area", "type": "decimal"}}
    data, _expansion = read("a: {use: asking}\n", inputs)
    assert data["a"]["fields"] == [{"code": "area", "type": "decimal", "required": True}]
    with pytest.raises(CatalogueError, match=r"part.yaml:1: award.yaml has no input 'area'"):
        read("a: {use: asking}\n", {})


def test_input_is_an_ordinary_key_where_no_inputs_are_known(read):
    assert read("fields:\n  - {input: x}\n")[0] == {"fields": [{"input": "x"}]}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a:\n  use: nothing\n", 2, "shared.yaml has no 'nothing'"),
        ("a:\n  use: plan\n  omit: [expert]\n", 3, "no part with the code 'expert'"),
        ("a:\n  use: plan\n  omit: experts\n", 3, "omit is a list of codes"),
        ("a:\n  use: plan\n  change:\n    chek: {limit: 1}\n", 4, "no part with the code 'chek'"),
        ("a:\n  use: plan\n  change:\n    check: 1\n", 4, "expected a mapping of keys"),
        ("a:\n  use: plan\n  change: [check]\n", 3, "change is a mapping"),
        ("a:\n  use: plan\n  limit: 1\n", 2, "'plan' of shared.yaml is a list"),
        ("a:\n  use: plan\n  add:\n    stages: []\n", 4, "the entry has no list 'stages'"),
        ("a:\n  use: section\n  add:\n    code.x: []\n", 4, "the entry has no list 'code.x'"),
        ("a:\n  use: section\n  add:\n    fields: 1\n", 4, "add takes lists"),
    ],
)
def test_a_fault_names_the_line_of_the_file(read, text, line, reason):
    with pytest.raises(CatalogueError) as fault:
        read(text)
    assert (fault.value.file.name, fault.value.line) == ("part.yaml", line)
    assert reason in fault.value.reason


def test_an_input_that_the_rule_does_not_have_is_named(read):
    with pytest.raises(CatalogueError, match=r"part.yaml:1: award.yaml has no input 'x'"):
        read("a: {input: x}\n", {})


def test_an_entry_that_comes_to_use_itself_is_named_in_the_shared_file(read):
    with pytest.raises(CatalogueError, match=r"shared.yaml:\d+: 'round' comes to use itself"):
        read("a:\n  use: round\n")


def test_a_name_stands_in_one_file_only(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("plan: []\n", "utf-8")
    files = [YamlFile(tmp_path / name, tmp_path / name) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(CatalogueError, match=r"b.yaml:1: 'plan' stands in .*a.yaml already"):
        Shared(files)
