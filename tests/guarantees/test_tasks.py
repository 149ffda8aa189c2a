"""Guarantee 13: every registered task may run twice, and the second time in another order. A task
without a line here fails.
"""

import hashlib
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from applications import letters
from awards import exports
from portal import clock as portal_clock
from portal.accounts import inviting
from portal.accounts.models import Role
from portal.celery import app
from portal.files.storing import store
from portal.notices.outbox import enqueue
from tests.applications import definition
from tests.awards.cases import make_scene
from tests.awards.test_decisions import ready, released
from tests.factories import DistrictFactory, OrganisationFactory, UnitFactory, person
from tests.files import samples

pytestmark = pytest.mark.django_db
# Each run of a check leaves its own row, and nothing else.
OWN_ROW = {"audit.check": "audit_chaincheck", "awards.check_ledger": "awards_ledgercheck"}

# Task → what it is given; None: nothing.
TASKS: dict[str, Any] = {
    "audit.anchor": None,
    "audit.check": None,
    "files.scan": lambda world: world.blob.pk,
    "files.sweep_scans": None,
    "files.sweep_orphans": None,
    "notices.deliver": lambda world: world.notice.pk,
    "notices.sweep": None,
    "accounts.mail_invitation": lambda world: world.invitation.pk,
    "accounts.sweep": None,
    "accounts.clear_sessions": None,
    "applications.make_submission_papers": lambda world: world.submission.pk,
    "applications.make_letter": lambda world: world.letter.pk,
    "applications.sweep_papers": None,
    "applications.remind": None,
    "applications.lapse_overdue": None,
    "reviews.sweep_opinions": None,
    "reviews.sweep_notices": None,
    "reviews.sweep_nominations": None,
    "awards.make_decision_pdf": lambda world: world.decision.pk,
    "awards.sweep_papers": None,
    "awards.run_export": lambda world: world.export.pk,
    "awards.sweep_exports": None,
    "awards.remind": None,
    "awards.refresh_figures": None,
    "awards.check_ledger": None,
}
# What has something to do in this world, whatever the others did before it.
BUSY = {
    *["audit.anchor", "audit.check", "notices.deliver", "accounts.mail_invitation"],
    *["applications.make_submission_papers", "applications.make_letter"],
    *["awards.make_decision_pdf", "awards.run_export"],
}


@pytest.fixture
def world(clock, settings, tmp_path) -> SimpleNamespace:
    """One of everything that a task works on."""
    settings.BLOB_DIR, settings.ANCHOR_DIR = tmp_path / "blobs", tmp_path / "anchors"
    lead, district, organisation = UnitFactory(), DistrictFactory(), OrganisationFactory()
    measure = definition.make_measure(lead, line="21-1")
    call = definition.make_call(measure, definition.BODY | {"line": "21-1"})
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    place = definition.World(district, lead, measure, call, organisation, admin, admin)
    case = definition.submitted(place)
    scene = make_scene(position=950)
    now = portal_clock.now()
    enqueue(place.admin, subject="x", body="x", dedupe_key="twice", at=now)
    world = SimpleNamespace(
        submission=case.submissions.get(),
        letter=letters.issue(case, "acceptance", unit=place.lead, actor=place.admin),
        decision=released(scene, ready(scene), number="二号"),
        export=exports.ask("ledger", actor=scene.finance, year=2026),
        invitation=inviting.invite("new@example.org", "expert", actor="system:test"),
        notice=place.admin.notices.get(dedupe_key="twice"),
        blob=store(samples.pdf(), name="a.pdf", types=["pdf"], max_bytes=10**6, at=now),
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # closes the chain, as a commit does
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    clock.advance(timedelta(minutes=1))
    return world


def everything(folder: Path) -> dict[str, str]:
    """Every table and file, hashed, and how many mails went out."""
    found = {"mails": str(len(mail.outbox))}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM {table} r")
            found[table] = cursor.fetchone()[0] or ""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def run(name: str, world: SimpleNamespace) -> None:
    given = TASKS[name]
    app.tasks[name](*([given(world)] if given else []))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_every_registered_task_is_run_twice():
    app.loader.import_default_modules()
    registered = {name for name in app.tasks if not name.startswith("celery.")}
    assert registered == set(TASKS)


def test_task_run_again_in_another_order_changes_nothing(world, tmp_path):
    before, idle = everything(tmp_path), []
    for name in sorted(TASKS, key=lambda name: name not in BUSY):
        run(name, world)
        after = everything(tmp_path)
        if name in BUSY and after == before:
            idle.append(name)
        before = after
    assert idle == []
    for name in sorted(TASKS, reverse=True):
        run(name, world)
        after = everything(tmp_path)
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert changed <= {OWN_ROW.get(name)}, name
        before = after
