"""Acts of the applicants and of the district, the lead unit and its co-units on single cases."""

import re

from applications import corrections, drafts, submitting, workflow
from applications.models import Application
from awards import withdrawing
from awards.demonstration import filling, vocabulary
from awards.demonstration.answers import Partner, Project, person
from awards.demonstration.plots import Plot
from awards.demonstration.world import Running, World
from portal import clock
from reviews import checking, consulting, findings, proposing, recommending
from reviews.models import Opinion, Proposal

KINDS_OF_WORK = {
    "10-1": "概念验证中心建设", "11-1": "中试平台建设", "13-1": "联合攻关", "15-3": "科创金融服务驿站",
}  # fmt: skip
OPINIONS = (
    "申报领域与产业规划一致，建议在认定后加强与本系统单位对接。",
    "请核实该单位近两年是否已获同类资金支持。",
    "项目实施地点与备案地址不一致，请申报单位说明。",
)
DECLINED = "经实地查看，场地和设备与申报内容不符，暂不具备推荐条件。"
REFUSED = "申报材料关键内容缺失，且不符合本批次申报条件，不予受理。"
VETOED = "该单位存在在办行政处罚事项，本批次不宜支持。"
RETURNED = "请补充近一年服务成效数据，并核对专职人员名单后重新提交。"


# --- the applicant ----------------------------------------------------------------------


def start(world: World, running: Running, plot: Plot) -> None:
    member, chance = world.member(plot), world.random(plot.key, "project")
    case = drafts.start(running.call, organisation=member.organisation, actor=member.filler)
    world.cases[plot.key] = case.pk
    topic = chance.choice(vocabulary.TOPICS[member.work])
    world.projects[plot.key] = Project(
        organisation=member.organisation.name,
        topic=topic,
        title=_title(running.round.line, topic, member.organisation.address),
        address=member.organisation.address,
        leader=person(chance),
        partners=_partners(world, running, plot),
    )


def _partners(world: World, running: Running, plot: Plot) -> tuple[Partner, ...]:
    """Where the call pays by shares: companies of the cast, each with its account."""
    if running.round.settings.get("payee_rule") != "shares":
        return ()
    chance = world.random(plot.key, "partners")
    found = chance.sample(world.cast.of_kinds(["enterprise"]), chance.randint(1, 2))
    members = [world.cast.members[key].organisation for key in found]
    own = world.member(plot).organisation
    return tuple(Partner(row.name, row.uscc, row.address) for row in (own, *members))


def _title(line: str, topic: str, address: str) -> str:
    """A project is named after its topic, a service station after its street."""
    if line == "15-3":
        topic = re.sub(r"[\s\d].*", "", address.rpartition("区")[2])
    return f"{topic}{KINDS_OF_WORK.get(line, '项目')}"


def fill(world: World, plot: Plot, share: float = 1.0) -> None:
    member = world.member(plot)
    filling.fill(
        world.case(plot),
        world.projects[plot.key],
        actor=member.filler,
        random=world.random(plot.key, "answers"),
        papers=world.papers,
        share=share,
    )


def hand_over(world: World, plot: Plot, action: str = "hand_over") -> None:
    """To the organisation's admin, or back to the filler."""
    workflow.move(world.case(plot), action, actor=world.member(plot).filler)


def submit(world: World, plot: Plot, action: str = "submit") -> None:
    verbs = {
        "submit": submitting.submit,
        "resubmit": submitting.resubmit,
        "correct": submitting.submit_correction,
    }
    case = world.case(plot)
    verbs[action](
        case,
        actor=world.member(plot).admin,
        key=f"demo-{plot.key}-{action}-{case.revision}",
        arrived_at=clock.now(),
    )


def correct(world: World, plot: Plot) -> None:
    case = world.case(plot)
    waiting = corrections.waiting(case)
    flagged = {flag["path"]: flag["reason"] for flag in waiting.flagged} if waiting else {}
    filling.correct(
        case,
        flagged,
        actor=world.member(plot).filler,
        random=world.random(plot.key, "correct"),
        papers=world.papers,
    )
    submit(world, plot, "correct")


def lapse(world: World, plot: Plot) -> None:
    """The sweep of that night; it takes every case that is overdue."""
    corrections.lapse_overdue()


def withdraw(
    world: World, plot: Plot, reason: str = "合作方案调整，本单位决定撤回本次申报。"
) -> None:
    withdrawing.withdraw(world.case(plot), actor=world.member(plot).admin, reason=reason)


# --- the district --------------------------------------------------------------------------


def send_back(world: World, plot: Plot) -> None:
    case = world.case(plot)
    recommending.return_to_applicant(case, actor=world.cast.clerk(case.district), reason=RETURNED)


def recommend(world: World, plot: Plot) -> None:
    case, chance = world.case(plot), world.random(plot.key, "visit")
    visit = None
    if chance.random() < 0.6:
        visit = recommending.Visit(
            on=clock.today(),
            visitors=f"{world.cast.clerk(case.district).name}、{person(chance)}",
            record="实地查看场地、设备和人员到岗情况，与申报材料一致，运行正常。",
        )
    recommending.recommend(
        case,
        actor=world.cast.clerk(case.district),
        opinion="材料齐全、情况属实，同意推荐。",
        visit=visit,
    )


def propose(world: World, plot: Plot, action: str, reason: str) -> None:
    case = world.case(plot)
    unit = proposing.unit_for(case, action)
    proposing.draft(case, action, actor=world.cast.clerk(unit), reason=reason)


def release_proposal(world: World, plot: Plot) -> None:
    proposal = Proposal.objects.select_related("unit").get(
        application=world.cases[plot.key], state=Proposal.State.DRAFTED
    )
    proposing.release(proposal, actor=world.cast.head(proposal.unit))


# --- the lead unit --------------------------------------------------------------------------


def tick(world: World, plot: Plot, share: float = 1.0) -> None:
    """Some items by hand, the rest at once where the check is finished."""
    case = world.case(plot)
    actor = world.cast.clerk(case.call.lead_unit)
    points = checking.points(case)
    for row in points[: max(1, round(len(points) * share * 0.3))]:
        checking.tick(case, row.point.code, actor=actor, result="passed")
    if share >= 1:
        checking.tick_rest(case, actor=actor)


def settle_findings(case: Application, *, actor) -> None:
    for number, found in enumerate(findings.open_ones(case)):
        state = "confirmed" if found.kind == "declared_related" else "dismissed"
        reason = (
            "申报单位已如实申报，按规定不计入。"
            if state == "confirmed"
            else "经核对材料，不影响本次申报。"
        )
        findings.settle(
            case, found.key, actor=actor, state=state, reason=f"{reason}（{number + 1}）"
        )


def accept(world: World, plot: Plot) -> None:
    case = world.case(plot)
    actor = world.cast.clerk(case.call.lead_unit)
    checking.tick_rest(case, actor=actor)
    settle_findings(case, actor=actor)
    checking.accept(case, actor=actor)


def ask_correction(world: World, plot: Plot) -> None:
    case = world.case(plot)
    actor = world.cast.clerk(case.call.lead_unit)
    earlier = case.corrections.order_by("-round").first()
    if earlier is not None:
        flags = [
            checking.Flag(flag["path"], "补充的内容仍不完整，请再次补充。")
            for flag in earlier.flagged[:1]
        ]
    else:
        found = filling.correctable(case, world.random(plot.key, "flags"))
        flags = [checking.Flag(path, reason) for path, reason in found.items()]
    checking.ask_correction(case, actor=actor, flags=flags)


# --- the co-units ------------------------------------------------------------------------------


def give_opinion(world: World, plot: Plot, code: str, outcome: str) -> None:
    opinion = Opinion.objects.select_related("application", "unit").get(
        application=world.cases[plot.key], unit__code=code
    )
    chance = world.random(plot.key, code)
    text = {"no_objection": "", "veto": VETOED}.get(outcome, chance.choice(OPINIONS))
    consulting.give(opinion, actor=world.cast.clerk(opinion.unit), outcome=outcome, text=text)


def conclude_joint_review(world: World, plot: Plot) -> None:
    case = world.case(plot)
    answers = {
        opinion.uid: "已请申报单位说明并核实，不影响评审。"
        for opinion in case.opinions.filter(outcome__in=["objection", "veto"])
    }
    consulting.conclude(case, actor=world.cast.clerk(case.call.lead_unit), answers=answers)
