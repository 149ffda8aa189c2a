"""使用帮助: topics are whole in both languages, link to what exists, and are found."""

from fnmatch import fnmatchcase

import pytest
from django.urls import reverse
from django.utils import translation

from portal.accounts.models import Role
from portal.help import pages, topics
from portal.help.topics import BadTopic
from tests.factories import UnitFactory, person
from tests.guarantees.test_access_matrix import routes

EVERY = topics.topics()
PICTURES = topics.PICTURES
MOST_BYTES, MOST_BYTES_IN_ALL = 40_000, 1_500_000


def shown_pictures():
    return [part.picture for topic in EVERY.values() for part in topic.parts if part.picture]


# --- the topics ----------------------------------------------------------------------


def test_every_file_of_topics_is_in_the_index():
    assert {path.stem for path in topics.FOLDER.glob("*.yaml")} == set(EVERY)


@pytest.mark.parametrize("code", EVERY)
def test_topic_is_short_and_points_to_topics(code):
    topic = EVERY[code]
    assert [other for other in topic.see if other not in EVERY] == []
    assert len(topic.text) < 2500
    assert all(part.steps or part.points or part.pairs for part in topic.parts)


@pytest.mark.parametrize("code", EVERY)
def test_english_topic_has_no_chinese_but_names_of_the_currency_and_language(code):
    with translation.override("en"):
        text = EVERY[code].text.replace("万元", "").replace("中文", "")
    assert [sign for sign in text if "一" <= sign <= "鿿"] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("kind: role\ntitle: [a, b]\nlead: [a, b]\nparts: []\nroels: [x]", "unknown keys"),
        ("kind: role\ntitle: [a]\nlead: [a, b]\nparts: []", "not enough values"),
        ("kind: role\ntitle: [a, '']\nlead: [a, b]\nparts: []", "lacks a language"),
        ("kind: essay\ntitle: [a, b]\nlead: [a, b]\nparts: []", "none of"),
    ],
)
def test_wrong_file_is_refused_with_its_name(tmp_path, text, fault):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(BadTopic, match=rf"wrong\.yaml.*{fault}"):
        topics._read(path)


def test_every_role_has_a_page_of_its_own():
    roles = {"visitor", "district"} | set(Role.values)
    covered = {role for topic in EVERY.values() for role in topic.roles}
    assert roles - covered == set()


# --- pictures --------------------------------------------------------------------------


def test_pictures_are_there_small_and_all_used():
    sizes = {path.name: path.stat().st_size for path in PICTURES.glob("*.webp")}
    assert set(sizes) == {f"{picture.name}.webp" for picture in shown_pictures()}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
    assert sum(sizes.values()) <= MOST_BYTES_IN_ALL


# --- links from pages --------------------------------------------------------------------


@pytest.mark.parametrize(("pattern", "code"), pages.PAGES)
def test_link_of_a_page_leads_from_a_route_to_a_topic(pattern, code):
    assert code in EVERY
    assert [name for name in routes() if fnmatchcase(name, pattern)] != []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("application_correction", "corrections"),
        ("application_workspace", "filling"),
        ("question_desk", "questions"),
        ("home", ""),
    ],
)
def test_the_first_pattern_that_fits_is_taken(name, code):
    assert pages.topic_of(name) == code


@pytest.mark.django_db
def test_page_head_links_to_its_topic(client):
    client.force_login(person(Role.AUDITOR))
    shown = client.get(reverse("audit_event_list")).content.decode()
    assert 'class="help-link no-print" href="/help/auditor/"' in shown


# --- search and index ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words", "first"),
    [
        ("zh-hans", "补正", "corrections"),
        ("zh-hans", "发票 粘贴", "invoices"),
        ("en", "invoice paste", "invoices"),
        ("en", "TWO-FACTOR", "signing-in"),
    ],
)
def test_search_takes_every_word_and_puts_titles_first(language, words, first):
    with translation.override(language):
        assert topics.search(words)[0].code == first


@pytest.mark.django_db
def test_search_of_the_site_finds_topics(client):
    shown = client.get(reverse("search"), {"q": "双重验证"}).content.decode()
    assert 'href="/help/signing-in/"' in shown


def test_search_for_nothing_or_the_unknown_finds_nothing():
    assert topics.search(" ") == topics.search("没有这个词") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "own"),
    [
        (None, ["visitor"]),
        (Role.FILLER, ["filler"]),
        (Role.ORG_ADMIN, ["org-admin"]),
        (Role.CLERK, ["lead-clerk", "co-unit"]),
        (Role.EXPERT, ["expert"]),
        (Role.AUDITOR, ["auditor"]),
    ],
)
def test_index_puts_the_readers_own_roles_first(client, role, own):
    if role:
        client.force_login(person(role))
    found = client.get(reverse("help_index")).context
    assert [topic.code for topic in found["own"]] == own
    assert {topic.code for topic in found["others"]} == set(topics.ROLES) - set(own)


@pytest.mark.django_db
def test_clerk_of_a_district_finds_the_districts_page(client):
    client.force_login(person(Role.CLERK, unit=UnitFactory(kind="district")))
    found = client.get(reverse("help_index")).context
    assert [topic.code for topic in found["own"]] == ["district"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("code", EVERY)
def test_topic_shows_all_of_its_text(client, code, language, settings):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.get(reverse("help_topic", args=[code]))
    with translation.override(language):
        titles = [str(part.title) for part in EVERY[code].parts]
    assert answer.status_code == 200
    assert [title for title in titles if title not in answer.content.decode()] == []


@pytest.mark.django_db
def test_unknown_topic_is_not_found(client):
    assert client.get("/help/nothing/").status_code == 404


# --- contact and map -------------------------------------------------------------------------


@pytest.mark.django_db
def test_contact_lists_units_with_division_and_phone_in_one_query(
    client, django_assert_num_queries
):
    UnitFactory(name_zh="市某局", division="成果处", service_phone="025-00000001")
    UnitFactory(name_zh="某区", kind="district", service_phone="")
    client.get(reverse("contact"))
    with django_assert_num_queries(2):  # the moment of arrival, the units
        shown = client.get(reverse("contact")).content.decode()
    assert [
        word for word in ("市某局", "成果处", "025-00000001", "某区") if word not in shown
    ] == []


@pytest.mark.django_db
def test_site_map_shows_the_readers_own_pages(client):
    client.force_login(person(Role.AUDITOR))
    shown = client.get(reverse("site_map")).content.decode()
    assert reverse("audit_event_list") in shown
    assert reverse("user_list") not in shown
