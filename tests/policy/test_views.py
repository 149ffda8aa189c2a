"""The public pages: what they show, whom they hide drafts from, how much they ask."""

import re

import pytest
from django.urls import reverse

from policy.entries import Catalogue
from policy.loading import load
from policy.models import Measure
from policy.schema import AttachmentSlot
from policy.templatetags import policy_ui
from policy.text import Text
from tests.factories import UserFactory, person
from tests.policy.catalogue import CLAUSE, make_draft_call, make_measure, make_open_call

pytestmark = pytest.mark.django_db


def test_home_lists_open_calls_by_closing_date(client):
    later = make_open_call(make_measure(1), days=20)
    sooner = make_open_call(make_measure(2), days=3)
    make_open_call(make_measure(3), days=-1)
    response = client.get(reverse("home"))
    assert response.context["open_calls"] == [sooner, later]
    text = response.content.decode()
    assert text.index(sooner.uid) < text.index(later.uid)


@pytest.mark.parametrize(("name", "queries"), [("home", 6), ("measure_list", 5), ("call_list", 2)])
@pytest.mark.parametrize("rows", [1, 30])
def test_list_at_any_length_asks_the_same_number_of_queries(
    client, django_assert_num_queries, name, queries, rows
):
    for position in range(1, rows + 1):
        make_open_call(make_measure(position, article_no=10 + position // 10), days=position)
    address = reverse(name)
    client.get(address)
    with django_assert_num_queries(queries):
        response = client.get(address)
    assert response.content.decode().count("<li><a class=") >= rows


def test_catalogue_of_a_group_shows_its_articles_only(client):
    make_measure(1, article_no=10)
    make_measure(2, article_no=15)
    response = client.get(reverse("measure_list"), {"group": "market"})
    assert [card.measure.article.no for card in response.context["cards"]] == [15]
    assert response.context["total"] == 2


def test_measure_shows_its_clause_verbatim_and_its_ceiling(client):
    measure = make_measure()
    text = client.get(reverse("measure_detail", args=[measure.line])).content.decode()
    assert CLAUSE in text
    assert '<span class="amount">200.00 <small>万元</small></span>' in text


def test_measure_with_unknown_line_is_not_found(client):
    make_measure()
    assert client.get(reverse("measure_detail", args=["99-9"])).status_code == 404


def test_call_in_draft_is_not_found_and_not_listed(client):
    measure = make_measure()
    published = make_open_call(measure, number=1)
    draft = make_draft_call(measure, number=2, title_zh="起草中的通知")
    assert client.get(reverse("call_detail", args=[draft.uid])).status_code == 404
    assert client.get(reverse("call_detail", args=[published.uid])).status_code == 200
    assert "起草中的通知" not in client.get(reverse("call_list")).content.decode()


def test_call_that_is_open_shows_the_time_left(client):
    call = make_open_call(make_measure(), days=9)
    text = client.get(reverse("call_detail", args=[call.uid])).content.decode()
    assert f'data-countdown="{int(call.closes_at.timestamp() * 1000)}"' in text
    assert "8 天 23 小时" in text


@pytest.mark.parametrize(
    ("types", "max_bytes", "max_files", "words"),
    [
        (("pdf",), 20 * 1024**2, 1, "PDF，每份不超过 20 MB，最多 1 份"),
        (("pdf", "jpg"), 1024**2 * 3 // 2, 3, "PDF、JPG，每份不超过 1.5 MB，最多 3 份"),
    ],
)
def test_slot_tells_its_limits_in_words(types, max_bytes, max_files, words):
    slot = AttachmentSlot(
        code="x", label=Text("甲", "A"), types=types, max_bytes=max_bytes, max_files=max_files
    )
    assert policy_ui.slot_limits(slot) == words


@pytest.mark.parametrize(
    ("no", "words"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (22, "二十二")]
)
def test_article_is_numbered_as_the_document_numbers_it(no, words):
    assert policy_ui.article_no(no) == words


@pytest.mark.parametrize(
    ("role", "days", "offered"),
    [
        (None, 9, True),
        ("filler", 9, True),
        ("org_admin", 9, True),
        ("clerk", 9, False),
        ("expert", 9, False),
        ("filler", -1, False),
    ],
)
def test_an_open_call_offers_to_apply_to_whoever_may(client, role, days, offered):
    call = make_open_call(make_measure(1), days=days)
    if role:
        client.force_login(person(role))
    page = client.get(reverse("call_detail", args=[call.uid])).content.decode()
    assert (reverse("application_start", args=[call.uid]) in page) is offered


CHAPTERS = ["申报条件", "支持标准", "申报材料", "时间安排", "评审方式", "咨询方式"]


@pytest.fixture
def real_call():
    """10-1 with its real rules."""
    load(Catalogue(), actor="system:test")
    entry = Catalogue().newest("10-1")
    return make_open_call(
        Measure.objects.get(line="10-1"), settings=dict(entry.cases.example_call or {})
    )


def heads(text: str) -> list[str]:
    return [name for name in re.findall(r"<h2[^>]*>([^<]+)</h2>", text) if name in CHAPTERS]


def test_a_call_is_told_in_the_chapters_of_a_notice_each_with_its_clause(client, real_call):
    text = client.get(reverse("call_detail", args=[real_call.uid])).content.decode()
    assert heads(text) == CHAPTERS
    for requirement in Catalogue().newest("10-1").schema.eligibility.requirements:
        assert requirement.clause in text
    for code in ("conditions", "amount", "materials", "schedule", "review", "contact"):
        assert f'href="#{code}"' in text and f'id="{code}"' in text
    # When a paper is needed that not everybody needs, in the words of the form.
    assert "填写了“共建单位”的必交。" in text
    assert len(text.encode()) <= 100 * 1024


def test_a_measure_has_the_chapters_of_its_calls_without_their_terms(client, real_call):
    text = client.get(reverse("measure_detail", args=["10-1"])).content.decode()
    assert heads(text) == CHAPTERS
    assert "各环节办理期限由申报通知确定。" in text
    assert "计入口径" not in text and "个工作日" not in text


def test_the_pages_of_a_call_and_a_measure_ask_a_fixed_number_of_queries(
    client, real_call, django_assert_max_num_queries
):
    for address in (
        reverse("call_detail", args=[real_call.uid]),
        reverse("measure_detail", args=["10-1"]),
    ):
        client.get(address)
        with django_assert_max_num_queries(8):
            assert client.get(address).status_code == 200


def test_what_is_open_can_be_shown_alone(client):
    make_open_call(make_measure(1))
    make_measure(2)
    response = client.get(reverse("measure_list"), {"open": "1"})
    assert [card.measure.position for card in response.context["cards"]] == [1]
    assert response.context["open_count"] == 1


def test_the_whole_catalogue_stands_in_the_parts_of_the_document(client):
    make_measure(1, article_no=15)
    make_measure(2, article_no=10)
    parts = client.get(reverse("measure_list")).context["parts"]
    assert [(part.code, [card.measure.article.no for card in rows]) for part, rows in parts] == [
        ("platforms", [10]),
        ("market", [15]),
    ]


def test_who_belongs_to_no_organisation_is_told_to_register_one(client):
    call = make_open_call(make_measure(1))
    address = reverse("call_detail", args=[call.uid])
    register = f'href="{reverse("organisation_register")}">注册单位</a>'
    client.force_login(UserFactory())
    page = client.get(address).content.decode()
    assert "您还不属于任何单位" in page and register in page
    client.force_login(person("clerk"))
    assert "您还不属于任何单位" not in client.get(address).content.decode()
