"""The components of the house, as tags and filters. ``{% load portal_ui %}``.

Figures are SVG made on the server: they print, need no script and no inline style. Words
come first; a colour (tone) only repeats them. Tones: ``plain``, ``neutral``, ``info``,
``good``, ``warn``, ``bad``. Red (``bad``) is for errors, overdue and caps, nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django import template
from django.forms import BaseForm, BaseFormSet
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from portal import clock, figures, menus
from portal import money as amounts

register = template.Library()

TONES = ("plain", "neutral", "info", "good", "warn", "bad")
# Beyond this many places a row of dots says less than two numbers.
MOST_DOTS = 20
SOON_WORKDAYS = 2
# A call that closes within so many days stands in amber.
SOON_DAYS = 7


def _english() -> bool:
    return (get_language() or "").startswith("en")


# --- text ------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """``{% icon "clock" %}``: an icon of the sprite; with ``label`` it is read aloud."""
    href = f"{static('vendor/icons/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.filter
def in_language(thing, field: str) -> str:
    """``{{ measure|in_language:"name" }}``: name_zh (or name) or name_en, the Chinese where no
    English is."""
    chinese: str = getattr(thing, f"{field}_zh", "") or getattr(thing, field, "")
    english: str = getattr(thing, f"{field}_en", "")
    return english if english and _english() else chinese


@register.filter
def day(value: date | datetime | None) -> str:
    """A date as people say it: ``11月24日（周二）``, ``Tue 24 Nov``; the year if another one."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = clock.local(value).date()
    if _english():
        return str(date_format(value, "D j M Y"))
    return f"{value.year}年{value.month}月{value.day}日（周{'一二三四五六日'[value.weekday()]}）"


@register.filter
def moment(value: datetime | None) -> str:
    """A moment to the minute in Asia/Shanghai: ``2026-11-30 17:30``."""
    return f"{clock.local(value):%Y-%m-%d %H:%M}" if value else ""


@register.filter
def moment_s(value: datetime | None) -> str:
    """A moment to the second in Asia/Shanghai: ``2026-11-30 17:30:00``."""
    return f"{clock.local(value):%Y-%m-%d %H:%M:%S}" if value else ""


@register.filter
def month_day(value: date | datetime | None) -> str:
    """``12月18日``, ``18 December``."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = clock.local(value).date()
    return str(date_format(value, "j F")) if _english() else f"{value.month}月{value.day}日"


@register.filter
def hour_minute(value: datetime | None) -> str:
    """The time of day in Asia/Shanghai: ``17:30``."""
    return f"{clock.local(value):%H:%M}" if value else ""


@register.filter
def percent(rate: Decimal) -> str:
    """A fraction as percent: ``0.15`` → ``15%``."""
    return f"{(rate * 100).normalize():f}%"


# --- money ------------------------------------------------------------------------


@register.filter
def wan(cny: Decimal | None) -> str:
    """元 as a number of 万元: ``1,358.00``; nothing for None."""
    return "" if cny is None else amounts.show_wan(cny)


@register.filter
def wan_figure(cny: Decimal) -> str:
    """The shortest number for a label inside a figure: 万元, in English millions (``2M``)."""
    if not _english():
        return amounts.short_wan(cny.quantize(Decimal("1E2")) if abs(cny) >= 10_000 else cny)
    return f"{cny / 1_000_000:.2f}".rstrip("0").rstrip(".") + "M"


@register.filter
def yuan(cny: Decimal | None) -> str:
    """元 with sign: ``¥2,000,000.00``; nothing for None."""
    return "" if cny is None else amounts.show_cny(cny)


@register.filter
def capital(cny: Decimal | None) -> str:
    """大写: ``人民币贰佰万元整``; nothing for None."""
    return "" if cny is None else amounts.uppercase_cny(cny)


@register.filter
def with_unit(cny: Decimal) -> str:
    """An amount inside a sentence: ``200.00 万元``, in English ``¥2,000,000.00``."""
    return amounts.show_cny(cny) if _english() else f"{amounts.show_wan(cny)} 万元"


@register.simple_tag
def money(cny: Decimal | None) -> SafeString:
    """``{% money cny %}``: ``200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整``; in English without 万元."""
    if cny is None:
        return mark_safe("")
    if _english():
        return format_html("{} = {}", amounts.show_cny(cny), amounts.uppercase_cny(cny))
    return format_html(
        "{} 万元 = {} = {}",
        amounts.show_wan(cny),
        amounts.show_cny(cny),
        amounts.uppercase_cny(cny),
    )


@register.simple_tag
def amount(cny: Decimal | None, short: bool = False) -> SafeString:
    """``{% amount cny short=True %}``: a large amount with its unit, ``200 万元`` or ``¥2,000,000``.

    ``short`` drops idle zeros (catalogue); otherwise two decimals at least.
    """
    if cny is None:
        return mark_safe("")
    if _english():
        text = amounts.show_cny(cny)
        return format_html(
            '<span class="amount">{}</span>', text.removesuffix(".00") if short else text
        )
    number = amounts.short_wan(cny) if short else amounts.show_wan(cny)
    return format_html('<span class="amount">{} <small>万元</small></span>', number)


@register.simple_tag
def money_echo(input_id: str, unit: str = "wan") -> SafeString:
    """``{% money_echo "id_asked" unit="wan" %}``: the line under an amount's input that tells it
    again as 万元 = ¥ = 大写 while it is typed (``money-echo.js``). ``unit``: wan or yuan."""
    return format_html(
        '<output class="money-echo" for="{0}" data-money-echo="{0}" data-unit="{1}"'
        ' data-language="{2}"></output>',
        input_id,
        unit,
        "en" if _english() else "zh",
    )


# --- words with a tone ----------------------------------------------------------------


@register.simple_tag
def status_tag(word: str, tone: str = "neutral", title: str = "") -> SafeString:
    """``{% status_tag "填写中" "warn" %}``: a word with a tone (see the module)."""
    if tone not in TONES:
        raise template.TemplateSyntaxError(f"unknown tone {tone!r}")
    if title:
        return format_html('<span class="tag tag-{}" title="{}">{}</span>', tone, title, word)
    return format_html('<span class="tag tag-{}">{}</span>', tone, word)


@register.simple_tag(takes_context=True)
def due_chip(context, workdays_left: int | None, due_on: date | None = None) -> SafeString:
    """``{% due_chip row.workdays_left row.due_on %}``: 超期 1 日 / 今日到期 / 剩 2 日 / 待日历发布.

    ``workdays_left`` counts working days, negative when overdue; None where the calendar of
    the year is not loaded. Amber from 2 days on, red when overdue: on a weekend, what was due on
    Friday is overdue by no working day yet, and still not due today.
    """
    title = day(due_on) if due_on else ""
    if workdays_left is None:
        return status_tag(_("待日历发布"), "neutral", title)
    if workdays_left < 0:
        late = -workdays_left
        word = ngettext("超期 %(days)s 日", "超期 %(days)s 日", late) % {"days": late}
        return status_tag(word, "bad", title)
    now = context.get("server_now")
    if workdays_left == 0 and due_on and now and due_on < clock.local(now).date():
        return status_tag(_("已超期"), "bad", title)
    if workdays_left == 0:
        return status_tag(_("今日到期"), "warn", title)
    word = ngettext("剩 %(days)s 日", "剩 %(days)s 日", workdays_left) % {"days": workdays_left}
    return status_tag(word, "warn" if workdays_left <= SOON_WORKDAYS else "neutral", title)


# --- lists ---------------------------------------------------------------------------


@register.inclusion_tag("components/task_list.html")
def task_list(rows: Iterable) -> dict:
    """``{% task_list rows %}``: rows of which the whole is the link.

    A row has ``url`` ("" = not to be opened yet), ``name``, ``hint``, ``state`` (the word) and
    ``tone``.
    """
    return {"rows": rows}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, note: str = "") -> dict:
    """``{% progress 4 9 "已保存 14:03:22" %}``: 已完成 4 / 9 项 in words and as a bar."""
    return {"done": done, "total": total, "note": note}


@register.inclusion_tag("components/timeline.html")
def timeline(stages: Iterable) -> dict:
    """``{% timeline stages %}``: the stages of a case from first to last.

    A stage has ``state`` (``done``, ``now``, ``next``, ``ended``), ``name``, ``meta`` (dates,
    who), ``tag`` and ``tone`` (optional), ``note``, ``links`` (pairs of url and text).
    """
    return {"stages": stages}


@register.inclusion_tag("components/figures.html")
def figure_list(items: Iterable[Sequence]) -> dict:
    """``{% figure_list items %}``: large figures; an item is (label, value, unit)."""
    return {"items": items}


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str, text: str = "", url: str = "", action: str = "", hidden: int | None = None
) -> dict:
    """Two kinds of empty: nothing yet with the next act, or ``hidden`` rows behind the filter.

    ``{% empty_state "还没有申报" "选择一项支持措施开始填报。" url "查看支持措施" %}``;
    ``{% empty_state "没有符合条件的申报" url=clear_url action="清除筛选" hidden=12 %}``.
    """
    return {"title": title, "text": text, "url": url, "action": action, "hidden": hidden}


@register.inclusion_tag("components/page_links.html")
def page_links(page) -> dict:
    """``{% page_links page %}``: first, previous and next page of ``portal.paging.Page``."""
    return {"page": page}


# --- where the reader is ------------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def breadcrumbs(context, content, here="") -> SafeString:
    """``{% breadcrumbs here=call.code %}{% crumb "call_list" %}{% endbreadcrumbs %}``: the way from
    the reader's home to this page; a line for every page below a list."""
    user = context.get("user")
    signed_in = user is not None and user.is_authenticated
    return render_to_string(
        "components/breadcrumbs.html",
        {
            "content": mark_safe(content.strip()),  # made by crumb, which escapes
            "here": here,
            "home": _("工作台") if signed_in else _("首页"),
            "home_url": reverse("role_home" if signed_in else "home"),
        },
    )


@register.simple_tag
def crumb(route: str, *args, label="", **query) -> SafeString:
    """``{% crumb "award_line" measure.line label=measure.line year=2026 %}``: a step of the way,
    with parameters of its address; a list's own label stands in ``portal.menus``."""
    url = reverse(route, args=args) + (f"?{urlencode(query)}" if query else "")
    text = label or menus.label_of(route)
    return format_html('<li class="breadcrumb-item"><a href="{}">{}</a></li>', url, text)


@register.simple_block_tag
def crumb_here(content) -> SafeString:
    """``{% crumb_here %}…{% endcrumb_here %}``: this page, where its name is more than a value."""
    return format_html(
        '<li class="breadcrumb-item active" aria-current="page"><span>{}</span></li>', content
    )


# --- figures --------------------------------------------------------------------------


@register.inclusion_tag("components/bullet_bar.html")
def bullet_bar(
    cap: Decimal | None,
    paid: Decimal = Decimal(0),
    approved: Decimal = Decimal(0),
    in_hand: Decimal = Decimal(0),
    ghost: Decimal | None = None,
) -> dict:
    """``{% bullet_bar budget paid approved in_hand ghost %}``: one budget or cap as a bar.

    Amounts in 元. ``approved`` includes ``paid``; ``in_hand`` comes on top; ``ghost`` is the
    total if the queue were approved. The cap is a red line, without one there is no line.
    """
    drawn = figures.bullet(
        cap_cny=cap,
        parts=[
            ("paid", _("已拨付"), paid),
            ("approved", _("已批准未拨"), max(approved - paid, Decimal(0))),
            ("in-hand", _("在办"), in_hand),
        ],
        ghost_cny=ghost,
    )
    told = [
        (_("预算"), cap),
        (_("已批准"), approved),
        (_("已拨付"), paid),
        (_("在办"), in_hand),
        (_("如全部批准"), ghost),
    ]
    return {"drawn": drawn, "told": [pair for pair in told if pair[1] is not None]}


@register.inclusion_tag("components/bullet_legend.html")
def bullet_legend() -> dict:
    """``{% bullet_legend %}``: what the colours of bullet bars mean."""
    return {}


@register.inclusion_tag("components/quota_dots.html")
def quota_dots(total: int, taken: int, held: int = 0, word: str = "", bare: bool = False) -> dict:
    """``{% quota_dots 10 7 held=1 %}``: places as dots and as ``已认定 7/10``.

    ``taken`` are used, ``held`` reserved on top. More than 20 places are told in numbers only;
    ``bare``, for a column whose head says what it is: no word, and dots up to 10.
    """
    drawn, width = figures.dots(total=total, taken=taken, held=held)
    return {
        "dots": drawn if total <= (MOST_DOTS // 2 if bare else MOST_DOTS) else [],
        "width": width,
        "total": total,
        "taken": taken,
        "held": held,
        "word": "" if bare else word or _("已用名额"),
    }


@register.inclusion_tag("components/waterfall.html")
def waterfall(steps: Sequence[figures.Step]) -> dict:
    """``{% waterfall steps %}``: claimed → excluded → base → rate → cap → proposed.

    ``steps`` are ``portal.figures.Step``; each bar carries its clause as a title, and the same
    stands below as text. Labels that have no room beneath the bars stand there as numbers.
    """
    numbered = not figures.captions_fit(steps)
    return {"drawn": figures.waterfall(steps), "steps": steps, "numbered": numbered}


@register.inclusion_tag("components/amount_bar.html")
def amount_bar(
    computed: Decimal | None,
    cap: Decimal | None,
    asked: Decimal | None = None,
    by_review: bool = False,
    by_tiers: object = None,
) -> dict:
    """``{% amount_bar computed cap asked %}``: computed → capped → asked, in 元. ``by_review``:
    no formula stands behind it, the reviewers propose the amount, or their score by the call's
    tiers (``by_tiers``)."""
    shown = computed or Decimal(0)
    capped = shown if cap is None else min(shown, cap)
    drawn = figures.bullet(
        cap_cny=cap,
        parts=[("fill", _("计算额"), capped), ("in-hand", _("超出上限"), shown - capped)],
    )
    return {
        "drawn": drawn, "computed": computed, "cap": cap, "capped": capped, "asked": asked,
        "by_review": by_review and computed is None, "by_tiers": bool(by_tiers),
    }  # fmt: skip


@register.inclusion_tag("components/deadline_clock.html", takes_context=True)
def deadline_clock(context, closes_at: datetime) -> dict:
    """``{% deadline_clock call.closes_at %}``: the time left to the cut-off, ticking by the
    server's clock, the cut-off itself, and the rule that arrival counts."""
    now = context.get("server_now") or clock.now()
    return {
        "closes_at": closes_at,
        "closes_ms": str(int(closes_at.timestamp() * 1000)),
        "left": time_left((closes_at - now).total_seconds()),
    }


@register.simple_tag(takes_context=True)
def countdown(context, closes_at: datetime) -> SafeString:
    """``{% countdown call.closes_at %}``: 剩 9 天 2 小时 in a line, ticking."""
    now = context.get("server_now") or clock.now()
    return format_html(
        '<span data-countdown="{}"{}>{}</span>',
        str(int(closes_at.timestamp() * 1000)),
        countdown_words(),
        time_left((closes_at - now).total_seconds()),
    )


@register.simple_tag(takes_context=True)
def closes_in(context, closes_at: datetime) -> SafeString:
    """``{% closes_in call.closes_at %}``: the countdown beside a call's name, amber in its last
    ``SOON_DAYS``."""
    now = context.get("server_now") or clock.now()
    soon = timedelta() < closes_at - now <= timedelta(days=SOON_DAYS)
    return format_html(
        '<span class="call-left{}"><span class="visually-hidden">{}</span>{}</span>',
        " is-soon" if soon else "",
        _("距截止："),
        countdown(context, closes_at),
    )


def time_left(seconds: float) -> str:
    """``9 天 2 小时``, ``5 小时 12 分``, ``3 分``, ``已截止``: the two largest units."""
    if seconds <= 0:
        return _("已截止")
    minutes = int(seconds // 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    day_text = ngettext("%(n)s 天", "%(n)s 天", days) % {"n": days}
    hour_text = ngettext("%(n)s 小时", "%(n)s 小时", hours) % {"n": hours}
    minute_text = ngettext("%(n)s 分钟", "%(n)s 分钟", minutes % 60) % {"n": minutes % 60}
    if days:
        return f"{day_text} {hour_text}"
    if hours:
        return f"{hour_text} {minute_text}"
    if minutes:
        return minute_text
    whole = max(1, int(seconds))
    return ngettext("%(n)s 秒", "%(n)s 秒", whole) % {"n": whole}


@register.simple_tag
def countdown_words() -> SafeString:
    """The attributes that give ``clock.js`` its words in the page's language."""
    plural = {
        "day": lambda n: ngettext("%(n)s 天", "%(n)s 天", n),
        "hour": lambda n: ngettext("%(n)s 小时", "%(n)s 小时", n),
        "minute": lambda n: ngettext("%(n)s 分钟", "%(n)s 分钟", n),
        "second": lambda n: ngettext("%(n)s 秒", "%(n)s 秒", n),
    }
    pieces = [
        format_html(' data-{}-{}="{}"', unit, form, words(n) % {"n": "{n}"})
        for unit, words in plural.items()
        for form, n in (("one", 1), ("other", 2))
    ]
    return mark_safe("".join(pieces) + format_html(' data-over="{}"', _("已截止")))


# --- clause, errors, acts -----------------------------------------------------------------


@register.inclusion_tag("components/clause_quote.html")
def clause_quote(text: str, source: str, emphasis: str = "") -> dict:
    """``{% clause_quote measure.clause "宁委办发〔2024〕14号 第十条" "按建设投入" %}``.

    The clause verbatim in quotation marks; ``emphasis``, a part of it, is set stronger.
    """
    before, found, after = text.partition(emphasis) if emphasis else (text, "", "")
    return {"before": before, "found": found, "after": after, "source": source}


@register.inclusion_tag("components/error_summary.html")
def error_summary(source, *more) -> dict:
    """``{% error_summary form %}``, ``{% error_summary form formset %}`` or a list of (href, text).

    Stands above the form, takes focus (``error-focus.js``), links to each field and uses the
    field's own words. Forms, formsets and lists may be mixed. Shows nothing without errors.
    """
    rows: list[tuple[str, str]] = []
    for piece in (source, *more):
        rows.extend(_error_rows(piece))
    return {"rows": rows}


def _error_rows(piece) -> list[tuple[str, str]]:
    if not piece:
        return []
    if isinstance(piece, BaseFormSet):
        rows = [("", str(error)) for error in piece.non_form_errors()]
        for number, form in enumerate(piece.forms, start=1):
            for href, text in _error_rows(form):
                rows.append((href, _("第 %(row)s 行：%(text)s") % {"row": number, "text": text}))
        return rows
    if not isinstance(piece, BaseForm):
        return [(href, str(text)) for href, text in piece]
    rows = []
    for name, errors in piece.errors.items():
        if name not in piece.fields:
            rows.extend(("", str(error)) for error in errors)
            continue
        bound = piece[name]
        for error in errors:
            text = _("%(label)s：%(error)s") % {"label": bound.label, "error": error}
            rows.append((f"#{bound.id_for_label or bound.auto_id}", text))
    return rows


@register.inclusion_tag("components/confirm_dialog.html", takes_context=True)
def confirm_dialog(
    context,
    dialog_id: str,
    title: str,
    url: str,
    action: str,
    text: str = "",
    expected: str = "",
    tone: str = "primary",
    fields: Mapping | None = None,
) -> dict:
    """A native dialog before an irreversible act; opened by ``data-opens="<dialog_id>"``.

    ``{% confirm_dialog "withdraw" "撤回申报" url "撤回" text="…" expected=application.number %}``.
    ``action`` names the act on the button; with ``expected`` the person types that text first,
    posted as ``confirmation``: the view compares it again. ``tone``: primary or danger;
    ``fields``: further hidden inputs.
    """
    return {
        "dialog_id": dialog_id,
        "title": title,
        "url": url,
        "action": action,
        "text": text,
        "expected": expected,
        "tone": tone,
        "fields": fields or {},
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/upload_row.html", takes_context=True)
def upload_row(context, file) -> dict:
    """``{% upload_row file %}``: a stored file with its facts and acts.

    ``file`` has ``name``, ``url``, ``size_bytes``, ``sha256``, ``uploaded_at``, ``state`` and
    ``tone`` (scanned, waiting, refused), ``error`` (a sentence) and ``delete_url`` ("" = fixed).
    """
    return {"file": file, "csrf_token": context.get("csrf_token")}
