"""The components: words first, figures exact and safe under either language."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.utils import translation
from django.utils.module_loading import import_string

from portal import figures
from portal.menus import ENTRIES, MOST, Entry, links, places
from portal.templatetags import portal_ui

WAN = Decimal(10_000)


def render(source: str, **context) -> str:
    return Template("{% load portal_ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("left", "tone", "word"),
    [
        (None, "neutral", "待日历发布"),
        (-12, "bad", "超期 12 日"),
        (-1, "bad", "超期 1 日"),
        (0, "warn", "今日到期"),
        (2, "warn", "剩 2 日"),
        (3, "neutral", "剩 3 日"),
    ],
)
def test_due_chip_says_in_words_what_its_tone_shows(left, tone, word):
    assert portal_ui.due_chip({}, left) == f'<span class="tag tag-{tone}">{word}</span>'


def test_due_chip_bears_the_date_as_its_title():
    chip = portal_ui.due_chip({}, 2, date(2026, 11, 24))
    assert 'title="2026年11月24日（周二）"' in chip


def test_status_tag_with_unknown_tone_is_refused():
    with pytest.raises(Exception, match="unknown tone"):
        portal_ui.status_tag("x", "pink")


def test_status_tag_escapes_its_word():
    assert "&lt;b&gt;" in portal_ui.status_tag("<b>")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (9 * 86400 + 2 * 3600 + 59, "9 天 2 小时"),
        (5 * 3600 + 12 * 60, "5 小时 12 分钟"),
        (180, "3 分钟"),
        (0.4, "1 秒"),
        (0, "已截止"),
        (-1, "已截止"),
    ],
)
def test_time_left_tells_the_two_largest_units(seconds, text):
    assert portal_ui.time_left(seconds) == text


@pytest.mark.parametrize(("n", "text"), [(1, "1 day 1 hour"), (2, "2 days 2 hours")])
def test_time_left_in_english_knows_one_and_many(n, text):
    with translation.override("en"):
        assert portal_ui.time_left(n * 86400 + n * 3600) == text


def test_money_echo_tells_an_amount_three_times():
    assert render("{% money x %}", x=2_000_000 + Decimal("0.05")) == (
        "200.000005 万元 = ¥2,000,000.05 = 人民币贰佰万元零伍分"
    )


def test_bullet_bar_leaves_room_behind_the_cap_and_shows_an_excess():
    bar = figures.bullet(
        cap_cny=100 * WAN,
        parts=[("paid", "", 60 * WAN), ("approved", "", 60 * WAN)],
        width=240,
    )
    assert [(part.x, part.width) for part in bar.segments] == [("0", "120"), ("120", "120")]
    assert (bar.cap_x, bar.over_cap) == ("200", True)


def test_bullet_bar_of_nothing_draws_nothing_and_divides_by_nothing():
    bar = figures.bullet(cap_cny=Decimal(0), parts=[("paid", "", Decimal(0))])
    assert (bar.segments[0].width, bar.cap_x, bar.over_cap) == ("0", "0", False)


def test_bullet_bar_ghost_lies_behind_what_is_committed():
    bar = figures.bullet(
        cap_cny=None, parts=[("paid", "", 50 * WAN)], ghost_cny=100 * WAN, width=400
    )
    assert (bar.ghost.x, bar.ghost.width, bar.cap_x) == ("200", "200", None)


def test_labels_of_a_waterfall_without_room_become_numbers():
    def drawn(*labels):
        steps = [figures.Step(label, Decimal(1), "total") for label in labels]
        template = Template("{% load portal_ui %}{% waterfall steps %}")
        return template.render(Context({"steps": steps}))

    few = drawn("申报", "核减", "批准")
    assert few.count(">核减</text>") == 1 and "2. " not in few
    many = drawn(*[f"核减：第 {number} 类不计入的投入" for number in range(6)])
    assert "类不计入的投入</text>" not in many
    assert many.count('text-anchor="middle">6</text>') == 1
    assert "<dt>6. 核减：第 5 类不计入的投入" in many


def test_waterfall_minus_hangs_from_the_bar_before_it():
    steps = [
        figures.Step("申报", 100 * WAN),
        figures.Step("剔除", 40 * WAN, "minus"),
        figures.Step("核定", 60 * WAN),
    ]
    claimed, excluded, base = figures.waterfall(steps, plot=100).bars
    assert (claimed.y, claimed.height) == ("18", "100")
    assert (excluded.y, excluded.height) == ("18", "40")
    assert (base.y, base.height) == ("58", "60")


@pytest.mark.parametrize("language", ["zh-hans", "en", "de"])
def test_figures_hold_no_separator_in_any_attribute(language, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    steps = [figures.Step("申报", Decimal("12345678.9")), figures.Step("拟批", WAN, "final")]
    with translation.override(language):
        page = render(
            "{% waterfall steps %}{% bullet_bar cap paid approved hand %}{% quota_dots 20 7 held=1 %}"
            "{% amount_bar cap paid %}{% progress 1234 5678 %}",
            steps=steps,
            cap=Decimal("98765432.1"),
            paid=Decimal("1234567.89"),
            approved=Decimal("7654321"),
            hand=Decimal("1111"),
        )
    numbers = re.findall(r' (?:x|y|x1|x2|y1|y2|cx|width|height|value|max|viewBox)="([^"]*)"', page)
    assert len(numbers) > 60
    assert [n for n in numbers if not re.fullmatch(r"[-\d. ]+", n)] == []


@pytest.mark.parametrize(("total", "dots"), [(10, 10), (20, 20), (21, 0)])
def test_quota_dots_beyond_twenty_are_numbers_only(total, dots):
    page = render("{% quota_dots total 7 %}", total=total)
    assert page.count("<circle") == dots
    assert f"7/{total}" in page


def test_waterfall_cites_the_clause_of_each_bar():
    page = render("{% waterfall steps %}", steps=[figures.Step("上限", WAN, clause="第十条")])
    assert "<title>上限 ¥10,000.00 · 第十条</title>" in page


class _Form(forms.Form):
    name = forms.CharField(label="名称")
    amount = forms.DecimalField(label="金额")

    def clean(self):
        raise forms.ValidationError("合计不符")


def test_error_summary_links_each_field_in_the_field_s_own_words():
    form = _Form({"name": "", "amount": "x"})
    page = render("{% error_summary form %}", form=form)
    for name in ("name", "amount"):
        words = form.errors[name][0]
        assert f'<a href="#id_{name}">{form[name].label}：{words}</a>' in page
    assert "<li>合计不符</li>" in page
    assert "有 3 处需要修改" in page
    assert 'data-title-prefix="错误："' in page


def test_error_summary_of_a_formset_names_the_row():
    formset = forms.formset_factory(_Form)(
        {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2", "form-0-name": "a", "form-0-amount": "1",
         "form-1-name": "", "form-1-amount": "1"}
    )  # fmt: skip
    page = render("{% error_summary formset %}", formset=formset)
    assert '<a href="#id_form-1-name">第 2 行：名称：' in page


def test_error_summary_without_errors_shows_nothing():
    assert render("{% error_summary rows %}", rows=[]).strip() == ""


def test_empty_state_tells_its_two_kinds_apart():
    none = render('{% empty_state "还没有申报" "选择措施。" "/m/" "查看" %}')
    hidden = render('{% empty_state "没有符合条件的" url="?" action="清除筛选" hidden=12 %}')
    assert "选择措施。" in none and "btn-primary" in none
    assert "筛选条件隐藏了 12 条。" in hidden and "btn-secondary" in hidden


def test_clause_quote_emphasises_only_what_stands_in_the_clause():
    page = render(
        '{% clause_quote "甲乙丙" "第一条" "乙" %}{% clause_quote "甲乙丙" "第一条" "丁" %}'
    )
    assert "“甲<mark>乙</mark>丙”" in page
    assert "“甲乙丙”" in page


def test_confirm_dialog_carries_token_and_expected_text():
    page = render(
        '{% confirm_dialog "d" "撤回" "/x/" "撤回" expected="10-1" %}', csrf_token="token-1"
    )
    assert 'value="token-1"' in page
    assert 'data-expected="10-1"' in page


def test_deadline_clock_counts_from_the_request_s_arrival():
    now = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
    page = render("{% deadline_clock at %}", at=now + timedelta(days=9, hours=2), server_now=now)
    assert ">9 天 2 小时</strong>" in page
    assert 'data-day-one="{n} 天"' in page


def test_no_component_bears_an_inline_style_or_script():
    faults = [
        f"{path}: {found.group(0)}"
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for found in re.finditer(
            r'<style|\sstyle="|\son[a-z]+="|<script(?![^>]*(src=|application/json))|javascript:',
            path.read_text(),
        )
    ]
    assert faults == []


def test_due_chip_of_friday_is_overdue_on_sunday():
    sunday = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    chip = "{% due_chip left on %}"
    assert "已超期" in render(chip, left=0, on=date(2026, 11, 20), server_now=sunday)
    assert "今日到期" in render(chip, left=0, on=date(2026, 11, 22), server_now=sunday)


def test_menu_shows_an_entry_only_to_its_role_and_only_if_its_page_exists(monkeypatch):
    monkeypatch.setattr(
        "portal.menus.ENTRIES",
        [
            Entry("clerk", "healthz", "待办"),
            Entry("clerk", "absent", "报表"),
            Entry("*", "home", "首页"),
        ],
    )
    assert [link.label for link in links({"clerk"}, "/healthz")] == ["待办", "首页"]
    assert [link.label for link in links({"filler"}, "/healthz")] == ["首页"]
    assert [link.current for link in links({"clerk"}, "/healthz")] == [True, False]


def test_menu_s_own_entries_name_functions_that_exist():
    assert all(callable(import_string(entry.count)) for entry in ENTRIES if entry.count)


# Pages that the menu leads to, and those that stand for themselves.
_TOP = {
    "home.html", "role_home.html", "applications/base.html", "applications/application_list.html",
    "accounts/organisation_profile.html", "accounts/organisation_queue.html",
    "accounts/organisation_register.html", "accounts/user_list.html", "accounts/unit_list.html",
    "accounts/invitation_list.html", "accounts/invitation.html", "accounts/invitation_gone.html",
    "audit/event_list.html", "awards/caps.html", "awards/finance_inbox.html",
    "notices/inbox.html", "notices/mail_list.html", "policy/measure_list.html",
    "policy/call_list.html", "policy/admin_home.html", "policy/admin_call_list.html",
    "policy/admin_calendar.html", "policy/question_list.html", "reviews/inbox.html",
    "reviews/case_list.html", "reviews/release_list.html", "reviews/panel_list.html",
    "reviews/nomination_list.html",
    "reviews/selection_list.html", "reviews/expert_home.html",
    "reviews/public_notice_list.html", "files/refused.html", "help/index.html",
    "help/site_map.html", "accounts/contact.html", "search/results.html",
}  # fmt: skip


def test_every_page_below_a_list_shows_the_way_to_it():
    root = settings.BASE_DIR / "templates"
    faults = []
    for path in sorted(root.glob("*/*.html")):
        name, text = str(path.relative_to(root)), path.read_text()
        if path.parent.name in {"account", "allauth", "components"} or path.name.startswith("_"):
            continue
        if not text.startswith('{% extends "') or name in _TOP:
            continue
        if "{% block breadcrumbs %}" not in text:
            faults.append(name)
    assert faults == []


def test_the_way_to_a_page_is_one_component():
    root = settings.BASE_DIR / "templates"
    own = [path for path in root.rglob("*.html") if 'class="breadcrumb"' in path.read_text()]
    assert own == [root / "components" / "breadcrumbs.html"]


def test_breadcrumbs_begin_at_the_reader_s_home_and_end_here():
    page = render(
        '{% breadcrumbs here="10-1-2026" %}{% crumb "award_line" "10-1" label="10-1" year=2026 %}'
        "{% endbreadcrumbs %}"
    )
    assert page.index('href="/"') < page.index("/awards/lines/10-1/?year=2026")
    assert page.index("year=2026") < page.index('aria-current="page"')
    assert '<a href="/awards/lines/10-1/?year=2026">10-1</a>' in page  # as markup, not as text
    assert 'aria-label="当前位置"' in page and "&lt;" not in page


def test_breadcrumbs_escape_what_people_wrote():
    page = render(
        "{% breadcrumbs %}{% crumb 'home' label=name %}{% crumb_here %}{{ name }}{% endcrumb_here %}"
        "{% endbreadcrumbs %}",
        name="<b>x",
    )
    assert "<b>" not in page and page.count("&lt;b&gt;x") == 2


def test_menu_groups_stand_in_one_place_and_the_last_move_under_more(monkeypatch):
    names = ["home", "healthz", "readyz", "measure_list", "call_list", "account_login"]
    entries = [Entry("clerk", name, name) for name in names]
    entries += [Entry("clerk", "account_logout", "a", group="money"),
                Entry("clerk", "account_signup", "b", group="money"),
                Entry("clerk", "notice_inbox", "消息")]  # fmt: skip
    monkeypatch.setattr("portal.menus.ENTRIES", entries)
    line = places({"clerk"}, "/notices/")
    assert len(line) == MOST + 1
    assert [link.label for link in line[-2].links] == ["account_login", "a", "b"]
    assert (line[-1].link.label, line[-1].current) == ("消息", True)
    monkeypatch.setattr("portal.menus.ENTRIES", entries[-3:])
    group, single = places({"clerk"}, "/")
    assert ([link.label for link in group.links], single.link.label) == (["a", "b"], "消息")
