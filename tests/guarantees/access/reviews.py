"""Rows of the access matrix: the reviewing pages, of cases of ``world.organisation``."""

from typing import Any

from portal import clock
from portal.accounts.models import Role
from reviews import consulting, nominating, objecting, panels, proposing, selecting, verifying
from reviews.models import Expert, PublicNotice, Scoring, Seat
from tests.guarantees.access.row import Row
from tests.guarantees.cast import EVERYONE, holders
from tests.guarantees.cast import World as Cast
from tests.reviews import cases, direct
from tests.reviews.cases import Office

DISTRICT = frozenset({"district_clerk", "district_head"})
LEAD = frozenset({"lead_clerk", "lead_head"})
CO_UNITS = frozenset({"co_unit_clerk", "co_unit_head"})
LEAD_CLERK, LEAD_HEAD = frozenset({"lead_clerk"}), frozenset({"lead_head"})
DISTRICT_CLERK, CO_UNIT_CLERK = frozenset({"district_clerk"}), frozenset({"co_unit_clerk"})
EXPERT = frozenset({"expert"})
OFFICERS = holders(Role.CLERK, Role.HEAD)
CLERKS = holders(Role.CLERK)


def _office(cast: Cast) -> Office:
    cases.load_calendar()
    measure = cases.make_measure(cast.lead, [cast.co_unit], line="12-1")
    parts = ("lead_clerk", "lead_head", "district_clerk", "district_head")
    people = {name: cast.users[name] for name in parts}
    people["co_clerk_0"] = cast.users["co_unit_clerk"]
    return Office(cases.make_call(measure), cast.lead, cast.district, [cast.co_unit], people)


def _at(stage: str):
    """A maker of one case at the stage, and of what stands around it."""

    def make(cast: Cast):
        office = cast.made(_office)
        ordinal = len(cast._made) + 1
        return cases.make_case(office, at=stage, organisation=cast.organisation, ordinal=ordinal)

    return make


RECOMMENDATION, CHECK = _at("recommendation"), _at("formal_check")
REVIEW, VERIFICATION, MEETING = _at("expert_review"), _at("verification"), _at("selection")
PUBLIC = _at("public_notice")


def JOINT(cast: Cast):
    case = _at("joint_review")(cast)
    consulting.start(case, actor=cast.users["lead_clerk"])
    return case


def _nominating(cast: Cast) -> Any:
    """A call of 15-2 whose lead unit may nominate."""
    measure = cases.make_measure(cast.lead, [cast.co_unit], line="15-2")
    return cases.make_call(measure, **direct.CALL)


def _direct_call(cast: Cast) -> dict[str, Any]:
    return {"uid": cast.made(_nominating).uid}


def _nomination(cast: Cast) -> Any:
    cases.load_calendar()
    return nominating.draft(
        cast.made(_nominating), basis="保险机构报送", text=direct.line(cast.organisation),
        actor=cast.users["lead_clerk"],
    )  # fmt: skip


def case(maker, **more):
    def kwargs(cast: Cast) -> dict[str, Any]:
        return {"uid": cast.made(maker).uid, **more}

    return kwargs


def _proposal(cast: Cast):
    return proposing.draft(
        _at("formal_check")(cast), "refuse", actor=cast.users["lead_clerk"], reason="x"
    )


def _verification(cast: Cast):
    return verifying.draft(
        _at("verification")(cast), actor=cast.users["lead_clerk"], given={}, note=""
    )


def _expert(cast: Cast) -> Expert:
    for _index in range(4):
        cases.make_expert()
    return Expert.objects.create(user=cast.users["expert"], employer="评审大学", fields=["bio"])


def _drawn(cast: Cast):
    cast.made(_expert)
    return panels.draw(
        cast.made(_office).call, cases=[_at("expert_review")(cast)],
        actor=cast.users["lead_clerk"],
    )  # fmt: skip


def _scoring(cast: Cast):
    return panels.approve(_drawn(cast), actor=cast.users["lead_head"])


def _sheet(cast: Cast) -> Scoring:
    return Scoring.objects.get(
        seat__panel=cast.made(_scoring), seat__expert__user=cast.users["expert"]
    )


def _frozen(cast: Cast):
    panel = _scoring(cast)
    for sheet in panels.sheets(panel):
        cases.fill_sheet(sheet, ("35", "50"))
    return panels.freeze(panel, actor=cast.users["lead_clerk"])


def _selection(cast: Cast):
    found = cast.made(MEETING)
    return selecting.draft(
        found.call, title="会", met_on=clock.today(), minutes="",
        items=[selecting.Item(found, "support", selecting.most_cny(found))],
        actor=cast.users["lead_clerk"],
    )  # fmt: skip


def _confirmed(cast: Cast):
    return cases.selected(cast.made(_office), _at("public_notice")(cast))


def _notice(cast: Cast) -> PublicNotice:
    notice = cases.published(cast.made(_office), cast.made(PUBLIC))
    PublicNotice.objects.filter(pk=notice.pk).update(starts_on=clock.today())
    notice.refresh_from_db()
    return notice


def _objection(cast: Cast):
    return objecting.file(
        cast.made(_notice), application=cast.made(PUBLIC), signed_as="person", signatory="周",
        contact="1", text="x",
    )  # fmt: skip


def sheet_file(cast: Cast) -> dict[str, Any]:
    sheet = cast.made(_sheet)
    file = sheet.application.attachments.get(slot="social_insurance")
    return {"uid": sheet.uid, "key": file.uid}


def seat(cast: Cast) -> dict[str, Any]:
    panel = cast.made(_scoring)
    found = Seat.objects.filter(panel=panel).order_by("order").first()
    return {"uid": panel.uid, "seat": found.uid}


def objected(cast: Cast) -> dict[str, Any]:
    return {"uid": cast.made(_notice).uid, "case": cast.made(PUBLIC).uid}


def call(cast: Cast) -> dict[str, Any]:
    return {"uid": cast.made(_office).call.uid}


def file(cast: Cast) -> dict[str, Any]:
    found = cast.made(JOINT)
    return {"uid": found.uid, "key": found.attachments.get(slot="licence").uid}


REASON = {"reason": "x", "note": "x"}
ROWS = [
    Row("review_inbox", get=OFFICERS),
    Row("review_case_list", get=OFFICERS),
    Row("review_release_list", get=holders(Role.HEAD)),
    Row("review_desk", get=DISTRICT | LEAD | CO_UNITS, kwargs=case(JOINT)),
    Row("review_document", get=DISTRICT | LEAD | CO_UNITS, kwargs=file),
    Row("review_tick_rest", post=LEAD_CLERK, kwargs=case(CHECK)),
    Row("review_tick", post=LEAD_CLERK, kwargs=case(CHECK, code="uscc")),
    Row("review_finding", post=LEAD_CLERK | DISTRICT_CLERK, kwargs=case(CHECK)),
    Row("review_recommend", post=DISTRICT_CLERK, kwargs=case(RECOMMENDATION)),
    Row("review_return", post=DISTRICT_CLERK, kwargs=case(RECOMMENDATION)),
    Row("review_decline", post=DISTRICT_CLERK, kwargs=case(RECOMMENDATION)),
    Row("review_accept", post=LEAD_CLERK, kwargs=case(CHECK)),
    Row("review_refuse", post=LEAD_CLERK, kwargs=case(CHECK)),
    Row("review_conclude", post=LEAD_CLERK, kwargs=case(JOINT)),
    # Nobody has an act here to undo; tests/reviews/test_undoing.py undoes one's own.
    Row("review_undo", post=frozenset(), kwargs=case(RECOMMENDATION)),
    Row("review_opinion", post=CO_UNIT_CLERK, kwargs=case(JOINT)),
    Row("review_correction", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=case(CHECK)),
    Row("review_verification", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=case(VERIFICATION)),
    Row("review_verification_sum", post=LEAD_CLERK, kwargs=case(VERIFICATION)),
    Row("review_proposal", get=LEAD, kwargs=case(_proposal)),
    Row("review_proposal_release", post=LEAD_HEAD, kwargs=case(_proposal)),
    Row("review_proposal_back", post=LEAD_HEAD, kwargs=case(_proposal), data=REASON),
    Row("review_verification_release", get=LEAD, kwargs=case(_verification)),
    Row("review_verification_released", post=LEAD_HEAD, kwargs=case(_verification)),
    Row("review_verification_back", post=LEAD_HEAD, kwargs=case(_verification), data=REASON),
    # Nothing is chosen: back to the list. What a case allows, tests/reviews/views/test_batches.py.
    Row("review_batch", get=CLERKS, post=CLERKS, data={"act": "accept"}, query="?act=accept"),
    Row("review_batch_result", get=frozenset(), kwargs=lambda cast: {"token": "x"}),
    Row("review_expert_pool", get=LEAD),
    Row("review_expert_add", get=LEAD_CLERK, post=LEAD_CLERK),
    Row("review_expert_change", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=case(_expert)),
    Row("review_panel_list", get=LEAD),
    Row("review_panel_draw", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=call),
    Row("review_panel", get=LEAD, kwargs=case(_drawn)),
    Row("review_panel_approve", post=LEAD_HEAD, kwargs=case(_drawn)),
    Row("review_panel_discard", post=LEAD_HEAD, kwargs=case(_drawn), data=REASON),
    Row("review_panel_freeze", post=LEAD_CLERK, kwargs=case(_scoring)),
    Row("review_panel_unlock", post=LEAD_HEAD, kwargs=case(_drawn), data=REASON),
    Row("review_panel_conclude", post=LEAD_CLERK, kwargs=case(_frozen)),
    Row("review_seat_replace", post=LEAD_CLERK, kwargs=seat, data=REASON),
    Row("review_expert_home", get=EXPERT),
    Row("review_sheet", get=EXPERT, post=EXPERT, kwargs=case(_sheet)),
    Row("review_sheet_save", post=EXPERT, kwargs=case(_sheet)),
    Row("review_sheet_conflict", post=EXPERT, kwargs=case(_sheet)),
    Row("review_sheet_document", get=EXPERT, kwargs=sheet_file),
    Row("review_nomination_list", get=LEAD),
    Row("review_nomination_new", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=_direct_call),
    Row("review_nomination", get=LEAD, kwargs=case(_nomination)),
    Row("review_nomination_release", post=LEAD_HEAD, kwargs=case(_nomination)),
    Row("review_nomination_discard", post=LEAD, kwargs=case(_nomination), data={"note": ""}),
    Row("review_selection_list", get=LEAD),
    Row("review_selection_draft", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=call),
    Row("review_selection_sum", post=LEAD_CLERK, kwargs=call),
    Row("review_selection", get=LEAD, kwargs=case(_selection)),
    Row("review_selection_edit", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=case(_selection)),
    Row("review_selection_back", post=LEAD_HEAD, kwargs=case(_selection), data=REASON),
    Row("review_selection_publish", get=LEAD_CLERK, post=LEAD_CLERK, kwargs=case(_confirmed)),
    Row("review_notice", get=LEAD, kwargs=case(_notice)),
    Row("review_notice_close", post=LEAD_CLERK, kwargs=case(_notice)),
    Row("review_objection", get=LEAD, kwargs=case(_objection)),
    Row("review_objection_accept", post=LEAD_CLERK, kwargs=case(_objection)),
    Row("review_objection_decide", post=LEAD_CLERK, kwargs=case(_objection)),
    Row("review_public_notice_list", get=EVERYONE),
    Row("review_public_notice", get=EVERYONE, kwargs=case(_notice)),
    Row("review_objection_file", get=EVERYONE, post=EVERYONE, kwargs=objected),
]
