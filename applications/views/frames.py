"""What the pages of a draft have in common: the case with its rights, its sections, its foot."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from applications import amounts, unlocking
from applications.content import Content, load
from applications.entries import told
from applications.models import Application, Status
from applications.roles import get_as
from applications.sections import Progress, Report, progress
from applications.workflow import schema_of
from policy.schema import Section
from portal import clock

# Somebody who saved within this time is said to be editing.
PRESENT_FOR = timedelta(minutes=2)
# The organisation's own people.
OWN = ("filler", "org_admin")


def own_case(request, uid: str) -> Application:
    """A case of the user's organisation, or 404."""
    return get_as(request.user, uid, *OWN)


@dataclass
class Frame:
    """A case as its own people edit it."""

    application: Application
    user: Any
    now: Any

    @cached_property
    def content(self) -> Content:
        content = load(self.application)
        amounts.preview(content)
        return content

    @cached_property
    def progress(self) -> Progress:
        return progress(self.content)

    @cached_property
    def unlocked(self) -> unlocking.Unlocked:
        return unlocking.unlocked_for(self.application, self.user)

    @property
    def is_correction(self) -> bool:
        return self.application.status == Status.CORRECTION

    @cached_property
    def correction(self):
        return unlocking.open_correction(self.application) if self.is_correction else None

    @property
    def saved_at(self):
        """When anything of the case was last saved."""
        return max(
            (answer.updated_at for answer in self.content.answers.values() if answer.updated_at),
            default=None,
        )

    def editing(self) -> dict[int, int]:
        """By user: the number of the section that was saved within the last two minutes."""
        found: dict[int, int] = {}
        for report in self.progress.reports:
            answer = self.content.answers.get(report.section.code)
            if (
                answer
                and answer.updated_at
                and answer.updated_by_id
                and self.now - answer.updated_at < PRESENT_FOR
            ):
                found[answer.updated_by_id] = report.number
        return found

    def others_editing(self) -> list[str]:
        """``王主管 正在编辑第 5 项``, of everybody but the reader."""
        numbers = self.editing()
        return [
            _("%(name)s 正在编辑第 %(number)s 项")
            % {"name": answer.updated_by, "number": numbers[answer.updated_by_id]}
            for answer in self.content.answers.values()
            if answer.updated_by_id in numbers and answer.updated_by_id != self.user.pk
        ][:1]

    # --- sections ---------------------------------------------------------------

    def report(self, code: str) -> Report:
        try:
            return self.progress.of(code)
        except StopIteration:
            raise Http404(code) from None

    def url_of(self, section: Section, *, back: str = "") -> str:
        """The section's page; the review is the check page."""
        if section.kind == "review":
            return reverse("application_check", args=[self.application.uid])
        url = reverse("application_section", args=[self.application.uid, section.code])
        return f"{url}?back={back}" if back else url

    def is_open(self, section: Section, place: str = "") -> bool:
        """Whether the reader may write there."""
        if place:
            return self.unlocked.allows(section.code, place)
        return self.unlocked.touches(section.code)

    def neighbours(self, code: str) -> tuple[Section | None, Section | None]:
        """The sections before and after this one, in a correction of the flagged ones only."""
        sections = [
            report.section
            for report in self.progress.reports
            if not self.is_correction
            or report.section.kind == "review"
            or self.unlocked.touches(report.section.code)
            or report.section.code == code
        ]
        codes = [section.code for section in sections]
        place = codes.index(code)
        before = sections[place - 1] if place else None
        after = sections[place + 1] if place + 1 < len(sections) else None
        return before, after

    @property
    def workspace_url(self) -> str:
        return reverse("application_workspace", args=[self.application.uid])

    @property
    def check_url(self) -> str:
        return reverse("application_check", args=[self.application.uid])


def frame_of(request, uid: str) -> Frame:
    return Frame(own_case(request, uid), request.user, request.arrived_at or clock.now())


def section_of(application: Application, code: str) -> Section:
    """The section of the case's form, or 404."""
    for section in schema_of(application).form.sections:
        if section.code == code:
            return section
    raise Http404(code)


# --- what every section's page shows ------------------------------------------------------


def page_context(request, frame: Frame, section) -> dict:
    """What every section's page shows: place, neighbours, save state, reason, clause."""
    before, after = frame.neighbours(section.code)
    back = request.GET.get("back", "")
    article = frame.application.call.measure.article
    return {
        "frame": frame,
        "application": frame.application,
        "call": frame.application.call,
        "section": section,
        "report": frame.report(section.code),
        "progress": frame.progress,
        "before_url": frame.url_of(before) if before else frame.workspace_url,
        "after_url": frame.url_of(after) if after else frame.workspace_url,
        "back": back if back == "check" else "",
        "is_open": frame.is_open(section),
        "saved_at": frame.saved_at,
        "others": frame.others_editing(),
        "article": article,
    }


def conflict_view(conflict) -> dict:
    """A conflict in words."""
    return {
        "code": conflict.field.code,
        "label": str(conflict.field.label),
        "mine": told(conflict.field, conflict.mine) or _("（空）"),
        "theirs": told(conflict.field, conflict.theirs) or _("（空）"),
        "by": str(conflict.by) if conflict.by else _("另一页"),
        "at": f"{clock.local(conflict.at):%H:%M:%S}" if conflict.at else "",
    }


def flags(frame: Frame, section) -> list[dict]:
    """What a correction asks of this section, in the reviewer's words."""
    if not frame.is_correction:
        return []
    labels = {item.code: item.label for item in section.fields}
    labels |= {slot.code: slot.label for slot in frame.content.schema.attachments}
    return [
        {
            "label": str(labels.get(place, section.title)),
            "reason": reason,
            "place": place,
            "anchor": _anchor(section, place),
        }
        for (where, place), reason in frame.unlocked.reasons.items()
        if where == section.code
    ]


def _anchor(section, place: str) -> str:
    """Where a flagged place stands on its section's page; a row of a table by the table."""
    if not place or section.kind in {"table", "invoices"}:
        return ""
    return f"#slot-{place}" if section.kind == "attachments" else f"#div_id_{place}"
