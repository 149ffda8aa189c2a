"""The Celery application. Tasks take ids, repeat safely, and start by ``task.delay_on_commit(id)``.

A task is a wake-up: a sweep finds what was missed. So a broker that is down harms nobody's
request: the failure is logged and the sweep does the work later.
"""

import os

from celery import Celery
from celery.contrib.django.task import DjangoTask
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


class Task(DjangoTask):
    def delay_on_commit(self, *args, **kwargs) -> None:
        """Announce the task when the transaction is committed; survive a broker that is down."""

        def announce() -> None:
            self.delay(*args, **kwargs)

        transaction.on_commit(announce, robust=True)


app = Celery("portal", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
