import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.message import BadHeaderError
from django.db import connection, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from portal import clock as portal_clock
from portal.notices import delivering, outbox, tasks
from portal.notices.mailbox import MailboxBackend
from portal.notices.models import Mail, Notice
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=11)


@pytest.fixture(autouse=True)
def locmem(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def _enqueue(user=None, *, key="k", subject="提交成功", **more) -> Notice | None:
    user = user or UserFactory()
    with transaction.atomic():
        return outbox.enqueue(user, subject=subject, dedupe_key=key, at=portal_clock.now(), **more)


def test_enqueue_writes_both_languages():
    notice = _enqueue(subject=format_lazy("{n} {label}", n="NJ-1", label=_("登录")), body=_("中文"))
    assert (notice.subject, notice.body) == ("NJ-1 登录", "中文")
    assert (notice.subject_en, notice.body_en) != ("", "")


def test_enqueue_with_a_key_left_before_leaves_nothing():
    user = UserFactory()
    assert _enqueue(user) is not None
    assert _enqueue(user, subject="又一次") is None
    assert Notice.objects.get().subject == "提交成功"


def test_enqueue_all_leaves_one_notice_for_each_person_and_key(django_assert_num_queries):
    first, second = UserFactory(), UserFactory()
    with transaction.atomic():
        told = {"subject": _("登录"), "key": "act:1", "at": portal_clock.now()}
        assert len(outbox.enqueue_all([first, first], **told)) == 1
        with django_assert_num_queries(1):
            left = outbox.enqueue_all([first, second], **told)
        assert outbox.enqueue_all([], **told) == []
    assert [notice.recipient for notice in left] == [second]
    assert left[0].pk is not None and left[0].subject_en != ""
    assert set(Notice.objects.values_list("dedupe_key", "recipient")) == {
        (f"act:1:{user.pk}", user.pk) for user in (first, second)
    }


def test_enqueue_all_wakes_the_delivery_of_what_was_left_now(
    monkeypatch, django_capture_on_commit_callbacks
):
    woken, people = [], [UserFactory(), UserFactory()]
    monkeypatch.setattr(outbox, "_wake", lambda pk, hold: woken.append(pk))
    told = {"subject": "提交成功", "key": "act:2", "at": portal_clock.now()}
    for _again in range(2):
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            outbox.enqueue_all(people, **told)
    assert sorted(woken) == sorted(Notice.objects.values_list("pk", flat=True))
    assert len(woken) == 2


@pytest.mark.django_db(transaction=True)
def test_enqueue_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        outbox.enqueue(UserFactory(), subject="x", dedupe_key="k", at=portal_clock.now())
    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_notice_of_a_transaction_that_fails_is_not_left():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.enqueue(UserFactory(), subject="x", dedupe_key="k", at=portal_clock.now())
        _ = 1 / 0
    assert not Notice.objects.exists()


def test_notice_is_held_then_mailed_once(clock):
    notice = _enqueue(url="/applications/abc/", body="已受理")
    assert (tasks.deliver(notice.pk), len(mail.outbox)) == (False, 0)
    clock.advance(SOON)
    assert [tasks.deliver(notice.pk), tasks.deliver(notice.pk)] == [True, False]
    message = mail.outbox[0]
    assert len(mail.outbox) == 1
    assert (message.subject, message.to) == ("提交成功", [notice.recipient.email])
    assert "http://127.0.0.1:8000/applications/abc/" in message.body
    assert message.extra_headers["Message-ID"] == f"<notice-{notice.uid}@127.0.0.1>"


def test_recall_takes_back_only_what_is_still_held(clock):
    early = _enqueue(key="act:1:a")
    clock.advance(SOON)
    _enqueue(key="act:1:b")
    _enqueue(key="act:2:a")
    assert outbox.recall("act:1:", at=portal_clock.now()) == 1
    assert set(Notice.objects.values_list("dedupe_key", flat=True)) == {early.dedupe_key, "act:2:a"}


def test_mail_that_fails_waits_longer_each_time_and_is_given_up_in_the_end(clock, monkeypatch):
    def refuse(*args):
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    notice = _enqueue()
    clock.advance(SOON)
    for attempt, pause in enumerate(delivering.PAUSES, start=1):
        assert (tasks.deliver(notice.pk), tasks.deliver(notice.pk)) == (False, False)
        notice.refresh_from_db()
        assert notice.attempts == attempt
        clock.advance(pause + timedelta(seconds=1))
    tasks.deliver(notice.pk)
    notice.refresh_from_db()
    assert notice.given_up_at is not None
    assert notice.last_error == "ConnectionRefusedError: no mail server"
    assert sorted(delivering.PAUSES) == delivering.PAUSES


def test_sweep_mails_what_a_lost_message_missed(clock):
    for key in "abc":
        _enqueue(key=key)
    assert tasks.sweep() == 0
    clock.advance(SOON)
    assert (tasks.sweep(), tasks.sweep(), len(mail.outbox)) == (3, 0, 3)


def test_disabled_recipient_gets_no_mail(clock):
    notice = _enqueue(UserFactory(is_active=False))
    clock.advance(SOON)
    tasks.deliver(notice.pk)
    notice.refresh_from_db()
    assert (mail.outbox, notice.last_error) == ([], "recipient disabled")


def test_line_break_in_a_subject_does_not_reach_a_header(clock):
    notice = _enqueue(subject="张三\r\nBcc: everybody@example.org")
    clock.advance(SOON)
    tasks.deliver(notice.pk)
    headers = mail.outbox[0].message()
    assert notice.subject == "张三 Bcc: everybody@example.org"
    assert headers["Bcc"] is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_notice_mail_it_once(clock, monkeypatch):
    notice = _enqueue()
    clock.advance(SOON)
    sending, release, sent = threading.Event(), threading.Event(), []

    def slow(message):
        sent.append(message)
        sending.set()
        release.wait(10)

    monkeypatch.setattr(EmailMessage, "send", slow)

    def work():
        tasks.deliver(notice.pk)
        connection.close()

    first = threading.Thread(target=work)
    first.start()
    assert sending.wait(10)
    # The row is locked by the first worker: the second one skips it instead of waiting.
    assert tasks.deliver(notice.pk) is False
    release.set()
    first.join()
    assert len(sent) == 1


# --- kept mails --------------------------------------------------------------------


def test_mailbox_keeps_the_mail():
    message = EmailMessage("主题", "正文", to=["a@example.org"])
    assert MailboxBackend().send_messages([message]) == 1
    kept = Mail.objects.get()
    assert (kept.subject, kept.body, kept.to) == ("主题", "正文", "a@example.org")


def test_mailbox_refuses_a_line_break_in_a_header():
    message = EmailMessage("a\nBcc: b@example.org", "正文", to=["a@example.org"])
    with pytest.raises(BadHeaderError):
        MailboxBackend().send_messages([message])
    assert not Mail.objects.exists()
