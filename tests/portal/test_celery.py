from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from portal.celery import app


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled - app.tasks.keys() == set()


def test_task_announced_on_commit_runs_after_the_commit(db, run_tasks):
    seen = []

    @app.task(name="tests.note")
    def note(pk: int) -> None:
        seen.append(pk)

    try:
        with transaction.atomic():
            note.delay_on_commit(7)
            assert seen == []
        assert run_tasks() == 1
        assert seen == [7]
    finally:
        app.tasks.pop("tests.note")


def test_broker_that_is_down_does_not_undo_what_was_saved(transactional_db, monkeypatch):
    @app.task(name="tests.lost")
    def lost() -> None: ...

    def refuse(*_args, **_kwargs):
        raise ConnectionError("the broker is down")

    monkeypatch.setattr(lost, "apply_async", refuse)
    try:
        with transaction.atomic():
            Group.objects.create(name="saved")
            lost.delay_on_commit()
        assert Group.objects.filter(name="saved").exists()
    finally:
        app.tasks.pop("tests.lost")
