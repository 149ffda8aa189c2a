"""Words: how a query is cut, and that two characters are found by the index."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from applications.models import Application
from portal import searching
from portal.accounts.models import Organisation
from tests.awards.cases import make_scene


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("概念验证", ["概念验证"]),
        ("  中试　ＡＢＣ ", ["中试", "abc"]),
        ("中试 中试", ["中试"]),
        ("一 二 三 四 五", ["一", "二", "三", "四"]),
        ("", []),
    ],
)
def test_a_query_is_folded_and_cut_into_words(text, wanted):
    assert searching.words(text) == wanted


def test_a_word_is_its_pairs():
    assert searching.grams("概念验证") == ["念验", "概念", "验证"]
    assert searching.grams("一") == []


def test_an_excerpt_surrounds_the_word():
    text = "甲" * 50 + "概念验证" + "乙" * 80
    found = searching.excerpt(text, ["概念"])
    assert found.startswith("…甲") and found.endswith("乙…") and "概念验证" in found
    assert searching.excerpt("没有", ["概念"]) == ""


@pytest.fixture
def rows(db):
    """10,000 cases of 5,000 organisations, among them the few that are looked for."""
    scene = make_scene()
    case = scene.case(asked="1000")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_organisation (uid, name, sort_key, uscc, kind, district_id, address,
              legal_representative, contact_name, contact_phone, bank_account_name, bank_name,
              bank_account, bank_code, hightech_number, specialised, licence_name,
              authorisation_name, status, status_note, registered_by_id, registered_at, updated_at,
              revision)
            SELECT 'o' || lpad(n::text, 11, '0'), '南京' || chr(20000 + n %% 3000) || chr(21000 + n %% 911)
                || '有限公司', '', '9132' || lpad(n::text, 14, '0'), 'enterprise', district_id, '', '',
              '', '', '', '', '', '', '', '', '', '', 'pending', '', registered_by_id, now(), now(), 1
              FROM generate_series(1, 5000) n, accounts_organisation WHERE id = %s
            """,
            [case.organisation_id],
        )
        cursor.execute(
            """
            INSERT INTO audit_event (actor_label, action, object_type, object_id, from_state, to_state,
              data, algorithm)
            SELECT 'test', 'organisation.register', 'accounts.organisation', id::text, '', 'pending',
              '{}', 'sha256' FROM accounts_organisation WHERE uid LIKE 'o0%%'
            """
        )
        cursor.execute(
            """
            INSERT INTO applications_application (uid, call_id, definition_id, organisation_id,
              district_id, title, status, revision, ordinal, started_by_id, started_at,
              stage_started_at, computation, due_provisional, next_stage, correction_round, direct,
              subjects)
            SELECT 'a' || lpad(n::text, 11, '0'), call_id, definition_id, o.id, c.district_id,
              chr(20000 + n %% 4000) || chr(21500 + n %% 1009) || '检测平台', 'draft', 1, 1 + n / 5000,
              started_by_id, now(), now(), '{}', false, '', 0, false, subjects
              FROM generate_series(1, 10000) n JOIN accounts_organisation o
                ON o.uid = 'o' || lpad((1 + n %% 5000)::text, 11, '0'), applications_application c
             WHERE c.id = %s
            """,
            [case.pk],
        )
    return scene


def test_two_characters_go_by_the_index_at_ten_thousand_cases(rows):
    assert Application.objects.count() == 10_001
    wanted = Application.objects.get(uid="a00000001234")
    word = wanted.title[:2]
    found = Application.objects.with_words([word])
    assert wanted in found
    assert all(word in f"{case.title}{case.organisation.name}" for case in found)
    with connection.cursor() as cursor:
        # No statistics yet, so the planner must not weigh: a table is read whole only if no index fits.
        cursor.execute("SET LOCAL enable_seqscan = off")
    told = found.explain()
    assert "Seq Scan on applications_application" not in told, told
    assert "application_words" in told, told


def test_cases_are_found_by_number_title_and_organisation_in_any_width_and_case(rows):
    case = Application.objects.exclude(number=None).get()
    organisation = Organisation.objects.get(uid="o00000000777")
    for text in (case.number, case.number[2:], case.title[:4], case.organisation.name[-6:-2]):
        assert case in Application.objects.with_words(searching.words(text))
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in case.number)
    assert case in Application.objects.with_words(searching.words(wide))
    both = Application.objects.with_words([case.number, case.title[:4]])
    assert list(both) == [case]
    assert not Application.objects.with_words([case.number, "不存在"]).exists()
    named = searching.containing(
        Organisation.objects.all(), organisation.uscc.lower(), "name", "uscc"
    )
    assert list(named) == [organisation]


def test_a_sign_of_the_pattern_is_a_character_like_others(rows):
    assert not Application.objects.with_words(["%%"]).exists()
    assert not Application.objects.with_words(["__"]).exists()


def test_one_character_is_looked_for_without_the_index(rows):
    case = Application.objects.get(uid="a00000000042")
    assert case in Application.objects.with_words([case.title[0]])


def test_nobody_is_asked_for_a_single_character(db):
    assert searching.groups(None, "一") == []
    assert searching.groups(AnonymousUser(), "") == []
