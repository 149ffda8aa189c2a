"""政策测算: eight questions at most, 32 verdicts, nothing stored, nothing lost."""

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import reverse

from policy.calculator.asking import MOST
from policy.calculator.matters import matters
from policy.checking import run
from policy.loading import load
from policy.models import Measure
from tests.catalogue import CATALOGUE
from tests.policy.catalogue import make_open_call

pytestmark = pytest.mark.django_db
URL = "/calculator/"


@pytest.fixture
def catalogue(db):
    """The real catalogue, loaded."""
    load(CATALOGUE, actor="system:test")


def outcomes(response):
    return {r.line: r.outcome for _code, rows in response.context["groups"] for r in rows}


def result(response, line):
    return next(r for _c, rows in response.context["groups"] for r in rows if r.line == line)


def test_every_line_stands_under_a_matter_and_no_matter_names_a_line_that_is_not():
    lines = {entry.line for _file, entry in CATALOGUE.measures}
    assert {line for item in matters() for line in item.lines} == lines


def test_without_an_answer_nothing_is_decided_and_the_kind_is_asked(client, catalogue):
    response = client.get(URL)
    assert response.status_code == 200
    assert response.context["question"].form == "kind"
    assert len(outcomes(response)) == 32
    assert set(outcomes(response).values()) == {"depends", "fits"} or set(
        outcomes(response).values()
    ) == {"depends"}


def test_all_verdicts_quote_their_clause_word_for_word(client, catalogue):
    text = client.get(URL).content.decode()
    for measure in Measure.objects.all():
        assert measure.clause in text


def test_five_queries_and_a_hundred_kilobytes_at_most(
    client, catalogue, django_assert_max_num_queries
):
    for line in ("8-1", "10-1"):
        make_open_call(Measure.objects.get(line=line))
    client.get(URL)  # each process parses a definition once
    with django_assert_max_num_queries(5):
        response = client.get(URL)
    assert len(response.content) <= 100 * 1024
    client.cookies["language"] = "en"
    assert len(client.get(URL).content) <= 100 * 1024


def test_a_kind_of_organisation_excludes_with_the_clause_and_names_what_is_near(client, catalogue):
    response = client.get(URL, {"organisation_kind": "bank"})
    found = result(response, "8-2")
    assert found.outcome == "no"
    assert [reason.code for reason in found.unmet] == ["enterprise"]
    assert found.nearest and all(other.outcome != "no" for other in found.nearest)
    assert response.context["question"].form == "matters"


def test_a_person_fits_the_reward_of_technology_managers_only_where_no_organisation_is_asked(
    client, catalogue
):
    response = client.get(
        URL, {"organisation_kind": "person", "matter": "person", "technology_manager": "yes"}
    )
    assert outcomes(response)["20-1"] == "fits"
    assert outcomes(response)["8-2"] == "no"


def test_conditions_and_base_give_the_amount_under_the_ceiling(client, catalogue):
    answers = {
        "organisation_kind": "enterprise",
        "matter": "project",
        "jointly_published": "yes",
        "enterprise_input_cny": "3,000",
    }
    call = make_open_call(Measure.objects.get(line="8-1"))
    found = result(client.get(URL, answers), "8-1")
    assert (found.outcome, f"{found.verdict.ceiling_cny:.2f}") == ("fits", "2000000.00")
    assert call.is_open


def typed(schema, code: str, value) -> str:
    """An input of a golden case as a reader types it: 万元 where the form asks so."""
    kind = next(item.type for item in schema.award.inputs if item.code == code)
    if kind == "bool":
        return "yes" if value else "no"
    return f"{Decimal(value) / 10_000:f}" if kind == "money_wan" else str(value)


@pytest.mark.parametrize("line", ["8-1", "8-2", "15-2", "17-1", "18-1"])
def test_verdict_has_the_amount_that_computing_gives_for_each_golden_case(client, catalogue, line):
    entry = CATALOGUE.newest(line)
    make_open_call(Measure.objects.get(line=line), settings=entry.cases.example_call or {})
    cases = [
        case
        for case in entry.cases.cases
        if not (case.settings or case.without_call or case.committed or case.budget_cny or case.on)
    ]
    amounts = set()
    for case in cases:
        told = {code: typed(entry.schema, code, value) for code, value in case.inputs.items()}
        found, computed = result(client.get(URL, told), line), run(entry, case)
        if computed.eligible is False:
            assert (found.outcome, found.amount_cny) == ("no", None), case.code
        else:
            assert found.amount_cny == computed.capped_cny, case.code
            amounts.add(found.amount_cny)
    assert amounts and None not in amounts


def test_without_a_call_the_amount_stands_unrounded_under_its_ceiling(client, catalogue):
    told = {"organisation_kind": "enterprise", "matter": "project", "jointly_published": "yes"}
    for wan, cny in (("500", "500000"), ("3000", "2000000")):
        response = client.get(URL, told | {"enterprise_input_cny": wan})
        found = result(response, "8-1")
        assert (found.amount_cny, found.unrounded_cny) == (None, Decimal(cny))
    assert "<small>约</small>" in response.content.decode()


def test_lines_that_nobody_asked_for_are_rows_that_open_and_quote_all_the_same(client, catalogue):
    response = client.get(URL, {"organisation_kind": "enterprise", "matter": "project"})
    brief = {r.line for _code, rows in response.context["groups"] for r in rows if r.is_brief}
    asked = next(item for item in matters() if item.code == "project").lines
    no = {line for line, outcome in outcomes(response).items() if outcome == "no"}
    assert brief == set(outcomes(response)) - (set(asked) - no)
    text = response.content.decode()
    assert text.count('<details class="card verdict') == len(brief)
    assert text.count('class="verdict-clause"') == 32


@pytest.mark.parametrize(
    ("typed", "words"),
    [("五百", "不是数字"), ("-5", "不能为负数"), ("1e30", "数额过大"), ("99999999999", "数额过大")],
)
def test_an_amount_that_cannot_be_read_is_asked_again_and_kept(client, catalogue, typed, words):
    response = client.get(URL, {"organisation_kind": "enterprise", "enterprise_input_cny": typed})
    text = response.content.decode()
    assert response.status_code == 422
    assert words in text and f'value="{typed}"' in text
    assert 'name="organisation_kind" value="enterprise"' in text
    assert result(response, "8-1").outcome == "depends"


def test_statements_that_were_shown_and_not_ticked_are_denied_in_an_address_to_keep(
    client, catalogue
):
    response = client.get(
        URL,
        {"organisation_kind": "enterprise", "matter": "result", "shown": ["concept_verified", "used_in_nanjing"],
         "used_in_nanjing": "yes"},
    )  # fmt: skip
    assert response.status_code == 302
    assert dict(parse_qsl(urlsplit(response["Location"]).query)) == {
        "organisation_kind": "enterprise", "matter": "result",
        "concept_verified": "no", "used_in_nanjing": "yes",
    }  # fmt: skip
    assert outcomes(client.get(response["Location"]))["10-2"] == "no"


@pytest.mark.parametrize("kind", ["enterprise", "university", "new_rd", "bank", "person"])
def test_whatever_is_in_hand_eight_questions_end_it(client, catalogue, kind):
    """Every question is answered as its form lets one; an address never asks the same twice."""
    for matter in matters():
        response = walk(client, kind, matter.code)
        assert len(outcomes(response)) == 32


def walk(client, kind: str, matter: str):
    response, seen = client.get(URL), []
    while (question := response.context["question"]) is not None:
        assert question.no == len(seen) + 1
        assert question.code not in seen or question.form == "statements"
        seen.append(question.code)
        query = dict(response.context["hidden"])
        if question.form == "kind":
            query["organisation_kind"] = kind
        elif question.form == "matters":
            query["matter"] = matter
        elif question.form == "statements":
            query |= {item.code: "yes" for item in question.fields}
        elif question.form in {"choice", "multichoice"}:
            query[question.code] = question.fields[0].choices[0].code
        else:
            query[question.code] = "12"
        response = client.get(URL, query, follow=True)
        assert response.status_code == 200
        assert len(response.content) <= 100 * 1024
    assert len(seen) <= MOST
    return response


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("asked=organisation_kind", "organisation_kind"),
        ("organisation_kind=enterprise&asked=matter", "matter"),
        ("organisation_kind=enterprise&matter=project&shown=enterprise_leads&asked=fields", None),
    ],
)
def test_a_question_sent_without_an_answer_says_so(client, catalogue, query, code):
    response = client.get(f"{URL}?{query}")
    if code is None:  # another question is due: the page asks it
        assert response.context["question"].code == "statements"
        assert not response.context["is_unanswered"]
        return
    assert response.status_code == 422
    assert response.context["question"].code == code
    assert "此问尚未作答" in response.content.decode()


def test_an_answered_question_leaves_no_trace_of_having_been_asked(client, catalogue):
    query = "organisation_kind=enterprise&asked=organisation_kind"
    assert client.get(f"{URL}?{query}").headers["Location"] == f"{URL}?organisation_kind=enterprise"
    query = "organisation_kind=enterprise&asked=matter&skip=matter"
    location = client.get(f"{URL}?{query}").headers["Location"]
    assert location == f"{URL}?organisation_kind=enterprise&skip=matter"


def test_a_skipped_question_is_not_asked_again_and_may_be_taken_up(client, catalogue):
    response = client.get(URL, {"skip": ["organisation_kind"]})
    assert response.context["question"].form == "matters"
    assert "organisation_kind" not in response.context["answered"][0]["again"]


def test_canary_in_the_address_stays_text(client, catalogue):
    response = client.get(URL, {"enterprise_input_cny": "<script>x()</script>", "nothing": "<b>"})
    assert "<script>x()" not in response.content.decode()


def test_the_address_of_the_page_is_in_the_menu_of_visitors(client, catalogue):
    assert f'href="{reverse("calculator")}"' in client.get("/").content.decode()
