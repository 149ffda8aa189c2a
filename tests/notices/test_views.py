from datetime import timedelta

import pytest
from django.urls import reverse

from portal import clock as portal_clock
from portal.notices.models import Mail, Notice
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def _notice(user, *, subject="已受理", held=False, **more) -> Notice:
    now = portal_clock.now()
    values = {
        "recipient": user,
        "subject": subject,
        "subject_en": f"en {subject}",
        "dedupe_key": f"{subject}{Notice.objects.count()}",
        "created_at": now,
        "held_until": now + timedelta(seconds=10 if held else -1),
    }
    return Notice.objects.create(**(values | more))


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user)
    return user


def _page(client, query="") -> str:
    response = client.get(reverse("notice_inbox") + query)
    assert response.status_code == 200
    return response.content.decode()


def test_inbox_shows_own_released_notices_newest_first(client, user):
    _notice(user, subject="先")
    _notice(user, subject="后")
    _notice(user, subject="扣住", held=True)
    _notice(UserFactory(), subject="别人")
    page = _page(client)
    assert page.index("后") < page.index("先")
    assert "扣住" not in page
    assert "别人" not in page
    assert "2 条未读" in page


def test_inbox_in_english_shows_the_english_subject(client, user):
    _notice(user)
    client.cookies["language"] = "en"
    assert "en 已受理" in _page(client)


def test_inbox_without_notices_says_so(client, user):
    assert "还没有消息" in _page(client)


def test_inbox_filtered_empty_tells_how_many_are_hidden(client, user):
    _notice(user, read_at=portal_clock.now())
    assert "筛选条件隐藏了 1 条" in _page(client, "?unread=1")


def test_get_marks_nothing_as_read(client, user):
    notice = _notice(user, url="/calls/")
    _page(client)
    notice.refresh_from_db()
    assert notice.read_at is None


def test_following_a_notice_marks_it_as_read(client, user):
    notice = _notice(user, url="/calls/")
    response = client.post(reverse("notice_read", args=[notice.uid]), {"follow": "1"})
    notice.refresh_from_db()
    assert response.url == "/calls/"
    assert notice.read_at is not None


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example", "//elsewhere.example", "javascript:1"]
)
def test_following_stays_on_the_site(client, user, url):
    notice = _notice(user, url=url)
    response = client.post(reverse("notice_read", args=[notice.uid]), {"follow": "1"})
    assert response.url == reverse("notice_inbox")


def test_reading_anothers_notice_answers_404(client, user):
    notice = _notice(UserFactory())
    assert client.post(reverse("notice_read", args=[notice.uid])).status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_read_all_leaves_held_and_others_notices(client, user):
    own, held, other = _notice(user), _notice(user, held=True), _notice(UserFactory())
    client.post(reverse("notice_read_all"))
    read = set(Notice.objects.filter(read_at__isnull=False))
    assert read == {own}
    assert {held, other}.isdisjoint(read)


@pytest.mark.parametrize("rows", [1, 30])
def test_inbox_takes_the_same_queries_for_any_length(client, user, rows, django_assert_num_queries):
    for number in range(rows):
        _notice(user, subject=str(number))
    _page(client)
    with django_assert_num_queries(8):
        _page(client)


def test_second_page_goes_on_where_the_first_ended(client, user):
    for number in range(31):
        _notice(user, subject=f"第{number:02d}号")
    first = client.get(reverse("notice_inbox"))
    second = client.get(reverse("notice_inbox") + first.context["page"].next_url)
    assert [row.subject for row in second.context["page"].rows] == ["第00号"]


# --- kept mails --------------------------------------------------------------------


def _mail(subject="验证码") -> Mail:
    return Mail.objects.create(
        to="a@example.org", subject=subject, body="123456 <b>", kept_at=portal_clock.now()
    )


def test_mail_page_shows_the_kept_mail(client):
    mail = _mail()
    assert mail.uid in client.get(reverse("mail_list")).content.decode()
    assert (
        "123456 &lt;b&gt;" in client.get(reverse("mail_detail", args=[mail.uid])).content.decode()
    )


@pytest.mark.parametrize("name", ["mail_list", "mail_detail"])
def test_mail_pages_are_absent_where_mail_is_sent(client, settings, name):
    settings.MAILBOX_OPEN = False
    mail = _mail()
    url = reverse(name, args=[mail.uid] if name == "mail_detail" else [])
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_mail_list_takes_the_same_queries_for_any_length(client, rows, django_assert_num_queries):
    for number in range(rows):
        _mail(str(number))
    client.get(reverse("mail_list"))
    with django_assert_num_queries(2):
        client.get(reverse("mail_list"))
