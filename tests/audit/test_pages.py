"""The auditor's pages."""

import json

import pytest
from django.db import connection
from django.urls import reverse

from portal.accounts.models import Role
from portal.audit import anchoring
from portal.audit.models import ChainCheck, Event, Head
from portal.audit.recording import record
from portal.audit.verifying import check
from tests.factories import UserFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchors(settings, tmp_path):
    settings.ANCHOR_DIR = tmp_path / "anchors"


@pytest.fixture
def auditor(client):
    user = person(Role.AUDITOR, name="审计员")
    client.force_login(user)
    return user


def _close() -> None:
    """What a commit does: the chain is closed."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _event(action="case.move", *, actor="system:test", obj=None, **more) -> Event:
    event = record(action, obj=obj or Head(pk=1), actor=actor, **more)
    _close()
    event.refresh_from_db()
    return event


def _actions(client, query="") -> list[str]:
    response = client.get(reverse("audit_event_list") + query)
    return [row.action for row in response.context["page"].rows]


def test_list_shows_the_newest_first(client, auditor):
    _event("first.act")
    _event("second.act")
    assert _actions(client)[:2] == ["second.act", "first.act"]


def test_list_filters_by_action_actor_object_and_date(client, auditor):
    somebody = UserFactory(name="李𬭎")
    _event("case.move", actor=somebody)
    _event("case.close", obj=somebody)
    today = Event.objects.latest("pk").at.astimezone().date()
    assert _actions(client, "?action=case.c") == ["case.close"]
    assert _actions(client, "?actor=𬭎") == ["case.move"]
    assert _actions(client, f"?object_type=user&object_id={somebody.pk}") == ["case.close"]
    assert _actions(client, f"?action=case&since={today}&until={today}") == [
        "case.close",
        "case.move",
    ]
    assert _actions(client, "?until=2020-01-01") == []


def test_filter_that_hides_all_tells_how_many(client, auditor):
    _event()
    page = client.get(reverse("audit_event_list") + "?action=none").content.decode()
    assert f"筛选条件隐藏了 {Event.objects.filter(position__isnull=False).count()} 条" in page


def test_bad_date_is_told_and_nothing_shown(client, auditor):
    response = client.get(reverse("audit_event_list") + "?since=yesterday")
    assert response.status_code == 422
    assert "data-error-summary" in response.content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_list_takes_the_same_queries_for_any_length(
    client, auditor, rows, django_assert_num_queries
):
    for number in range(rows):
        _event(f"act.{number}")
    anchoring.anchor()
    check()
    client.get(reverse("audit_event_list"))
    with django_assert_num_queries(10):
        client.get(reverse("audit_event_list"))


def test_detail_shows_the_event_and_its_objects_history_escaped(client, auditor):
    somebody = UserFactory()
    _event("early.act", obj=somebody)
    event = _event("late.act", obj=somebody, data={"note": "<script>1</script>", "n": 0})
    page = client.get(reverse("audit_event_detail", args=[event.hash])).content.decode()
    assert "&lt;script&gt;1&lt;/script&gt;" in page
    assert "early.act" in page
    assert client.get(reverse("audit_event_detail", args=["0" * 64])).status_code == 404


def test_state_of_the_chain_is_shown(client, auditor):
    _event()
    page = client.get(reverse("audit_event_list")).content.decode()
    assert "尚未核验" in page
    assert "尚未锚定" in page
    anchoring.anchor()
    check()
    page = client.get(reverse("audit_event_list")).content.decode()
    assert "无异常" in page
    assert "相符" in page


def test_faults_of_the_last_check_are_shown(client, auditor):
    event = _event()
    ChainCheck.objects.create(
        at=event.at, position=1, seconds=0.1, faults=["event 7 at position 7: changed"]
    )
    page = client.get(reverse("audit_event_list")).content.decode()
    assert "核验发现 1 处异常" in page
    assert "event 7 at position 7: changed" in page


def test_anchor_that_disagrees_is_shown(client, auditor):
    _event()
    path = anchoring.anchor()
    path.write_text(path.read_text().replace('"hash": "', '"hash": "f'))
    assert "日志可能被改动" in client.get(reverse("audit_event_list")).content.decode()


def test_check_is_run_by_a_task_and_leaves_an_event(client, auditor, run_tasks):
    client.post(reverse("audit_check"))
    _close()
    run_tasks()
    assert ChainCheck.objects.get().faults == []
    assert Event.objects.get(action="audit.check").actor_id == auditor.pk


def test_export_is_the_whole_chain_and_an_event_itself(client, auditor):
    _event("last.act")
    lines = b"".join(client.post(reverse("audit_export")).streaming_content).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["position"] for row in rows[:-1]] == list(range(1, len(rows)))
    assert Event.objects.filter(action="audit.export", actor_id=auditor.pk).count() == 1
