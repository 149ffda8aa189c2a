"""The part of a form that chooses from many awards: a page of rows at a time, what was ticked and
typed kept in the session while pages are turned, all without script.

Every button of such a form posts it. The ones named ``go`` keep what stands there and lead to
another page or filter; the one without is the act.
"""

from decimal import Decimal
from functools import cached_property

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, ngettext

from awards.picking import (
    PAGE,
    ZERO,
    Filter,
    Row,
    Seen,
    Tray,
    numbers,
    offered,
    read_cny,
    read_rows,
    write_rows,
)
from awards.words import listed
from portal.money import show_cny
from portal.templatetags.portal_ui import with_unit

# A session keeps so many unfinished choices.
KEPT = 3
_SESSION = "picking"


class Picker:
    """The rows of a form with its reader's choice. ``name`` tells one form from another."""

    def __init__(
        self,
        request,
        name: str,
        rows: list[Row],
        *,
        start: Tray | None = None,
        in_yuan: bool = False,
    ):
        self.request, self.name, self.rows = request, name, rows
        self.in_yuan = in_yuan or (get_language() or "").startswith("en")
        self.by_key = {row.key: row for row in rows}
        kept = request.session.get(_SESSION, {}).get(name)
        self.tray = Tray.from_plain(kept) if kept else start or Tray()
        self.filter = Filter.of(request.GET)
        self.ticked_only = request.GET.get("ticked") == "1"
        self.go = request.POST.get("go", "") if request.method == "POST" else ""
        if request.method == "POST":
            self._take_in(request.POST)
        else:
            if start and not kept:
                self._save()  # what it started with may be gone when the form comes back
            self._drop_what_is_gone()

    # --- what is shown

    @cached_property
    def found(self) -> list[Row]:
        """The rows that the filter shows."""
        return [
            row
            for row in self.rows
            if self.filter.shows(row) and (not self.ticked_only or row.key in self.tray.ticked)
        ]

    @cached_property
    def whole(self) -> list[Row]:
        """What is taken if all of the filter is."""
        return [row for row in self.rows if self.filter.shows(row) and not row.blocked]

    @cached_property
    def page(self):
        return Paginator(self.found, PAGE).get_page(self.request.GET.get("page"))

    @cached_property
    def shown(self) -> list[Row]:
        """This page's rows; on a post those of the page that was posted, so that nothing typed
        is lost."""
        if self.request.method == "POST":
            posted = [row for row in self.rows if row.key in self.posted]
            if posted:
                return posted
        return list(self.page.object_list)

    @property
    def shown_text(self) -> str:
        return write_rows(self.shown)

    @property
    def whole_text(self) -> str:
        return " ".join(row.key for row in self.whole)

    @property
    def whole_told(self) -> str:
        return self._told(self.tray.sum_of(self.whole))

    def _told(self, cny: Decimal) -> str:
        return show_cny(cny) if self.in_yuan else with_unit(cny)

    @property
    def whole_offered_cny(self) -> Decimal:
        return offered(self.whole)

    @property
    def blocked_count(self) -> int:
        return sum(1 for row in self.rows if row.blocked and self.filter.shows(row))

    @cached_property
    def ticked(self) -> list[Row]:
        return [row for row in self.rows if row.key in self.tray.ticked]

    @property
    def ticked_told(self) -> str:
        return self._told(self.tray.sum_of(self.ticked))

    @cached_property
    def ticked_elsewhere(self) -> list[Row]:
        """What is ticked on other pages."""
        here = {row.key for row in self.shown}
        return [row for row in self.ticked if row.key not in here]

    @property
    def ticked_elsewhere_cny(self) -> Decimal:
        return self.tray.sum_of(self.ticked_elsewhere)

    @property
    def districts(self) -> list:
        found = {row.district.code: row.district for row in self.rows if row.district is not None}
        return sorted(found.values(), key=lambda unit: unit.code)

    @property
    def many(self) -> bool:
        """Whether there is anything to page or to narrow."""
        return len(self.rows) > PAGE or bool(self.filter) or self.ticked_only

    # --- what is posted

    def _take_in(self, post) -> None:
        self.posted = read_rows(post.get("rows", ""))
        ticks = {name.removeprefix("pick_") for name in post if name.startswith("pick_")}
        for key in ticks - self.posted.keys():
            if key in self.by_key:
                self.posted[key] = self.by_key[key].offered_cny
        for key, cny in self.posted.items():
            if key in ticks:
                self.tray.ticked[key] = cny
            else:
                self.tray.ticked.pop(key, None)
        self.tray.whole = post.get("take") == "all"

    def keep(self, form, *, words: tuple[str, ...] = ()) -> bool:
        """Take the amounts and words of a bound form into the tray; whether every amount that
        counts could be read."""
        post = self.request.POST
        self.tray.words = {name: post.get(name, "") for name in words}
        for row in self.shown:
            amount = form.cleaned_data.get(f"amount_{row.key}")
            if amount is not None and amount != row.offered_cny:
                self.tray.amounts[row.key] = amount
            else:
                self.tray.amounts.pop(row.key, None)
        self._save()
        return not any(name.startswith("amount_") for name in form.errors)

    def turned(self):
        """Do what a button named ``go`` says, and lead there."""
        what, _colon, more = self.go.partition(":")
        query = QueryDict(mutable=True)
        narrowed = self.filter
        if what == "filter":
            narrowed = Filter.of(self.request.POST)
        elif what == "clear":
            narrowed = Filter()
        query.update(narrowed.query())
        if what == "ticked" or (self.ticked_only and what in {"page", "tick", "untick"}):
            query["ticked"] = "1"
        page = more if what == "page" else self.request.GET.get("page", "")
        if what in {"page", "tick", "untick"} and page.isdecimal() and page != "1":
            query["page"] = page
        for row in self.shown if what in {"tick", "untick"} else []:
            if what == "tick" and not row.blocked:
                self.tray.ticked[row.key] = row.offered_cny
            else:
                self.tray.ticked.pop(row.key, None)
        if what == "none":
            self.tray.ticked.clear()
        if what in {"tick", "untick", "none", "ticked"}:
            self.tray.whole = False
        self._save()
        where = f"?{query.urlencode()}" if query else ""
        return redirect(f"{self.request.path}{where}#choice")

    @property
    def seen(self) -> Seen:
        """The choice as the page told it."""
        post = self.request.POST
        if not self.tray.whole:
            ticked = self.tray.ticked
            return Seen(frozenset(ticked), sum(ticked.values(), ZERO))
        told_cny = read_cny(post.get("seen_cny", "")) or ZERO
        return Seen(frozenset(post.get("seen", "").split()), told_cny, self.filter)

    def chosen(self) -> list[Row]:
        """The rows of the choice that still stand."""
        keys = self.seen.keys
        return [row for row in self.rows if row.key in keys]

    # --- the session

    def _save(self) -> None:
        trays = self.request.session.get(_SESSION, {})
        trays.pop(self.name, None)
        others = list(trays.items())[-(KEPT - 1) :]
        self.request.session[_SESSION] = dict(others) | {self.name: self.tray.plain()}

    def settle(self) -> None:
        """The choice has been made: forget it."""
        trays = self.request.session.get(_SESSION, {})
        if trays.pop(self.name, None) is not None:
            self.request.session[_SESSION] = trays

    def carry_to(self, name: str) -> None:
        """Keep the choice under another name: what it is made on has changed, and was told."""
        self.settle()
        self.name = name
        self._save()

    def after(self, form) -> None:
        """Where the choice was refused because it is another by now, it is made anew: nothing
        stays taken that was not looked at."""
        if getattr(getattr(form, "refused", None), "reason", "") != "set_changed":
            return
        self.tray.whole = False
        for key in [key for key in self.tray.ticked if key not in self.by_key]:
            del self.tray.ticked[key]
        for key in self.tray.ticked:
            self.tray.ticked[key] = self.by_key[key].offered_cny
        self._save()

    def _drop_what_is_gone(self) -> None:
        """What was ticked and cannot be taken any more is taken off, and named."""
        gone = {
            key for key in self.tray.ticked if key not in self.by_key or self.by_key[key].blocked
        }
        if not gone:
            return
        for key in gone:
            del self.tray.ticked[key]
        self._save()
        named = numbers(gone)
        messages.warning(
            self.request,
            ngettext(
                "已勾选的 %(n)s 项不能再列入，已移除：%(numbers)s。",
                "已勾选的 %(n)s 项不能再列入，已移除：%(numbers)s。",
                len(named),
            )
            % {"n": len(named), "numbers": listed(named)},
        )
