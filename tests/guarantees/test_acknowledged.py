"""Guarantees 3, 4, 5 and 9 under fire: 16 clients save and submit while web servers and the database
are killed at random moments. What was acknowledged is there, once; nothing stands half done.
"""

import contextlib
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from html import unescape

import psycopg
import pytest
from django.conf import settings

from portal.embedded import paths
from tests import running
from tests.portal.conftest import make_data_dir

pytestmark = pytest.mark.long

CLIENTS, DRAFTS, SAVES = 16, 3, 4
LIMIT_S = 420.0
# Nobody there; or the database went while the act, or the session after it, was being written (400).
NOT_ANSWERED = (0, 400, 500, 503)
KILLED, KILLS = ("web", "postgres"), 8


@dataclass
class Draft:
    """What one client tried with one draft, and what it was told."""

    uid: str
    tried: list[int] = field(default_factory=list)
    saved: int | None = None  # the newest number whose save was acknowledged
    revision: int = 0
    seen: str = ""  # the page's marks of what is stored
    receipt: bool = False
    unanswered: int = 0


@dataclass
class Browser:
    """A person's browser: it tries again for as long as nobody answers."""

    port: int
    session: str
    drafts: list[Draft]
    stop_at: float
    faults: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, told: dict | None = None) -> tuple[int, str]:
        """Status and body (of a redirect: its target); 0 if the answer did not come."""
        token = "a" * 32
        headers = {"Cookie": f"session={self.session}; csrf={token}"}
        body = None
        if told is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(told | {"csrfmiddlewaretoken": token}, doseq=True)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location") or answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def run(self) -> None:
        number = 100
        for draft in self.drafts:
            for _save in range(SAVES):
                number += 1
                self.save(draft, number)
            self.submit(draft)

    def waits(self) -> bool:
        """After an answer that did not come: a moment, then once more."""
        time.sleep(0.3)
        return time.monotonic() < self.stop_at

    def save(self, draft: Draft, number: int) -> None:
        """Type a number into a field and let it save itself until it is acknowledged."""
        draft.tried.append(number)
        path = f"/applications/{draft.uid}/edit/team/"
        while True:
            status = 200
            if not draft.seen:
                status, page = self.ask("GET", path)
                if status == 200:
                    draft.seen = unescape(re.search(r'name="_seen" value="([^"]*)"', page)[1])
            if status == 200:
                told = {"_fields": ["staff"], "staff": number, "_seen": draft.seen, "_tab": "t"}
                status, answer = self.ask("POST", f"{path}save/", told)
                if status == 200 and not json.loads(answer)["conflicts"]:
                    draft.saved, draft.revision = number, json.loads(answer)["revision"]
                    draft.seen = json.dumps(json.loads(answer)["seen"])
                    return
                draft.seen = ""  # whether it was saved is not known: look
            self.note(draft, status, "save")
            if not self.waits():
                return

    def submit(self, draft: Draft) -> None:
        path, told = f"/applications/{draft.uid}/check/", {}
        while True:
            if not told:
                status, page = self.ask("GET", path)
                if status == 200:
                    told = dict(re.findall(r'name="(key|seen|action)"[^>]* value="([^"]*)"', page))
                    told["pledge"] = "on"
                    continue
            else:
                status, target = self.ask("POST", path, told)
                if status == 302:
                    draft.receipt = target.endswith("/receipt/")
                    return
            self.note(draft, status, "submit")
            if not self.waits():
                return

    def note(self, draft: Draft, status: int, act: str) -> None:
        draft.unanswered += 1
        if status not in NOT_ANSWERED:
            self.faults.append(f"{act} of {draft.uid}: {status}")


def _browsers(portal: running.RunningPortal) -> list[Browser]:
    made = subprocess.run(
        [sys.executable, "-m", "tests.guarantees.many_drafts", str(CLIENTS), str(DRAFTS)],
        cwd=settings.BASE_DIR, env=portal.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    stop_at = time.monotonic() + LIMIT_S
    return [
        Browser(portal.port, row["session"], [Draft(uid) for uid in row["drafts"]], stop_at)
        for row in json.loads(made.stdout)
    ]


def _kill_at_random(portal: running.RunningPortal, over: threading.Event) -> list[str]:
    """Kill one part or the other with its children, at a random moment after it was back."""
    chance, killed = random.Random(), []
    names = [name for name in KILLED for _time in range(KILLS // len(KILLED))]
    chance.shuffle(names)
    for name in names:
        while not over.is_set() and not portal.answers():
            time.sleep(0.1)
        if over.wait(chance.uniform(0.5, 4)):
            break
        pid = portal.status()[name]
        children = subprocess.run(
            ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
        )
        for victim in [pid, *map(int, children.stdout.split())]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        killed.append(name)
    return killed


_CASES = """
  SELECT c.uid, c.status, a.data->>'staff', a.revision,
         (SELECT count(*) FROM applications_submission s WHERE s.application_id = c.id),
         (SELECT count(*) FROM applications_transition t WHERE t.application_id = c.id),
         (SELECT count(*) FROM audit_event e WHERE e.object_type = 'applications.application'
             AND e.object_id = c.id::text AND e.from_state <> e.to_state AND e.from_state <> ''),
         c.number IS NOT NULL
    FROM applications_application c
    JOIN applications_answer a ON a.application_id = c.id AND a.section = 'team'
"""


def test_what_was_acknowledged_to_sixteen_clients_is_there_whatever_was_killed(capsys):
    with make_data_dir() as data_dir, running.running(data_dir) as portal:
        browsers = _browsers(portal)
        threads = [threading.Thread(target=browser.run) for browser in browsers]
        over, killed = threading.Event(), []
        killer = threading.Thread(target=lambda: killed.extend(_kill_at_random(portal, over)))
        began = time.monotonic()
        for thread in [*threads, killer]:
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        killer.join()
        took = time.monotonic() - began
        portal.wait_for_answer(30)
        with psycopg.connect(paths.runtime_url(data_dir)) as connection:
            stored = {row[0]: row[1:] for row in connection.execute(_CASES).fetchall()}
        verified = portal.manage("verify")
    assert [fault for browser in browsers for fault in browser.faults] == []
    every = [draft for browser in browsers for draft in browser.drafts]
    for draft in every:
        _check(draft, stored[draft.uid])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    # The test itself: it was under fire, and most got through.
    assert len(killed) >= 4
    assert set(killed) == set(KILLED)
    assert sum(draft.receipt for draft in every) == len(every)
    with capsys.disabled():
        print(
            f"\n{len(killed)} kills in {took:.0f} s; acknowledged: {len(every) * SAVES} saves,"
            f" {sum(draft.receipt for draft in every)} submissions;"
            f" {sum(draft.unanswered for draft in every)} answers that did not come"
        )


def _check(draft: Draft, row: tuple) -> None:
    status, staff, revision, submissions, transitions, events, numbered = row
    # The newest save that was acknowledged, or one that was tried after it.
    assert int(staff) in draft.tried[draft.tried.index(draft.saved) :], (draft, row)
    assert revision >= draft.revision, (draft, row)
    # A submission is whole or not at all, and happened once, however often it was sent.
    assert submissions == (status != "draft") == numbered, (draft, row)
    assert transitions == events == (status != "draft"), (draft, row)
    if draft.receipt:
        assert submissions == 1, (draft, row)
