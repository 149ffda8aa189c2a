"""Acts on groups of cases: the panel and its scores, verification, the meeting, the public notice."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from django.db import transaction

from applications.models import Application
from awards import confirming, promoting, withdrawing
from awards.demonstration import base
from awards.demonstration.applying import settle_findings
from awards.demonstration.plots import Plot
from awards.demonstration.rounds import Group
from awards.demonstration.world import Running, World, savepoints
from portal import clock
from reviews import noticing, objecting, panels, proposing, scoring, selecting, verifying
from reviews.models import (
    Expert,
    Objection,
    Panel,
    Proposal,
    PublicNotice,
    Scoring,
    Seat,
    Selection,
)

# So many seeds are tried for a draw that gives those whose accounts are shown work.
DRAWS = 200
HALF = Decimal("0.5")
COMMENTS = (
    "论证充分，指标先进，与南京产业结合紧密。",
    "基础较好，建议进一步明确市场化收入来源。",
    "团队结构合理，验证流程可操作，成果转化路径清晰。",
    "部分指标依据不足，建议补充第三方数据。",
    "总体可行，后续应加强与在宁企业的对接。",
)
WEAK = "支撑材料不足，与申报内容存在差距。"
STRONG = "在同类项目中优势突出，证据完整。"
CUTS = ("发票内容与项目无直接关系", "超出本批次计入范围", "合同与付款金额不一致，按付款凭证核定")
TERMS = "自公示之日起 5 个工作日。对公示内容有异议的，请以书面形式实名反映，并提供必要的证明材料。"


def cases_of(world: World, plots: list[Plot], *statuses: str) -> list[Application]:
    keys = [world.cases[plot.key] for plot in plots if plot.key in world.cases]
    found = Application.objects.select_related("organisation", "call").filter(pk__in=keys)
    return list(found.filter(status__in=statuses).order_by("pk"))


# --- experts -------------------------------------------------------------------------------


def draw(world: World, running: Running, group: Group) -> None:
    """Draw the panel; where its sheets stay open, by a seed that gives the shown experts work."""
    number = world.next_number(f"panel-{running.round.key}")
    draw = partial(
        panels.draw,
        running.call,
        cases=cases_of(world, running.of_group(group), "expert_review"),
        actor=world.lead(running),
        title=f"{running.call.code} 第 {number} 评审组",
    )
    seed = f"{world.seed}/{running.round.key}/{number}"
    stays_open = group.reach == "expert_review" and group.doing == "scoring"
    if stays_open:
        seed = _best_seed(draw, seed, world)
    panel = draw(seed=seed)
    if stays_open:
        world.busy |= shown(panel)


def _best_seed(draw: Callable[..., Panel], seed: str, world: World) -> str:
    """Of many seeds, one that seats the most of the shown experts who have no work yet."""
    with savepoints(True), transaction.atomic():
        panel = draw(seed=seed)
        transaction.set_rollback(True)
    named = Expert.objects.filter(user__email__endswith=f"@{base.DOMAIN}")
    wanted = {
        uid
        for uid, email in named.values_list("uid", "user__email")
        if email.partition("@")[0] not in world.busy
    }

    def found(number: int) -> int:
        return len({p.uid for p in panels.redraw(panel, seed=f"{seed}/{number}").seats} & wanted)

    return f"{seed}/{max(range(DRAWS), key=found)}"


def shown(panel: Panel) -> set[str]:
    """The panel's seated experts whose accounts are named on the sign-in page."""
    seated = panel.seats.filter(
        state=Seat.State.SEATED, expert__user__email__endswith=f"@{base.DOMAIN}"
    )
    return {
        email.partition("@")[0] for email in seated.values_list("expert__user__email", flat=True)
    }


def panel_of(world: World, running: Running, group: Group) -> Panel:
    keys = [world.cases[plot.key] for plot in running.of_group(group) if plot.key in world.cases]
    return (
        Panel.objects.filter(cases__application__in=keys)
        .exclude(state=Panel.State.DISCARDED)
        .distinct()
        .get()
    )


def approve_panel(world: World, running: Running, group: Group) -> None:
    panels.approve(panel_of(world, running, group), actor=world.lead(running, "head"))


def declare_conflict(world: World, running: Running, group: Group) -> None:
    """One of the experts stands back from the panel; a reserve takes the seat."""
    panel = panel_of(world, running, group)
    seats = panel.seats.filter(state=Seat.State.SEATED).select_related("expert__user")
    named = f"@{base.DOMAIN}"
    others = seats.exclude(expert__user__email__endswith=named)
    seat = others.last() or seats.latest("pk")
    row = panel.cases.select_related("application").earliest("pk")
    panels.conflict(
        seat, application=row.application, actor=seat.expert.user, kind="co_project",
        note="近两年与申报单位有合作项目",
    )  # fmt: skip


def score(world: World, running: Running, group: Group, order: int, share: float = 1.0) -> None:
    """The ``order``-th seated expert scores: all the panel's cases, or the first of them."""
    panel = panel_of(world, running, group)
    seats = panel.seats.filter(state=Seat.State.SEATED).select_related("expert__user")
    seat = seats.order_by("order")[order : order + 1].first()
    if seat is None:
        return
    rubric = panels.rubric_of(running.call)
    sheets = (
        Scoring.objects.filter(seat=seat, application__status="expert_review")
        .select_related("application", "seat__panel")
        .order_by("application__number")
    )
    for index, sheet in enumerate(sheets):
        chance = world.random(running.round.key, sheet.application.number, order)
        quality = world.random(running.round.key, sheet.application.number).uniform(0.64, 0.92)
        given = {}
        for criterion in rubric.criteria:
            part = min(1.0, max(0.3, quality + chance.uniform(-0.07, 0.07)))
            points = (Decimal(f"{part:.3f}") * criterion.weight / HALF).to_integral_value() * HALF
            comment = chance.choice(COMMENTS) if chance.random() < 0.3 else ""
            if scoring.needs_comment(points, criterion, rubric):
                comment = STRONG if part > 0.8 else WEAK
            given[criterion.code] = {"score": f"{points:.1f}", "comment": comment}
        finished = index < max(1, round(len(sheets) * share))
        if not finished:
            given = dict(list(given.items())[: len(given) // 2])
        verb = scoring.hand_in if finished else scoring.score
        verb(sheet, actor=seat.expert.user, scores=given, opinion=chance.choice(COMMENTS))


def freeze(world: World, running: Running, group: Group) -> None:
    panels.freeze(panel_of(world, running, group), actor=world.lead(running))


def conclude_panel(world: World, running: Running, group: Group) -> None:
    panel = panel_of(world, running, group)
    note = "分差较大的申报已由专家组复议，意见一致。"
    panels.conclude(panel, actor=world.lead(running), note=note)


# --- verification ----------------------------------------------------------------------------


def draft_verification(world: World, running: Running, plot: Plot) -> None:
    case, actor = world.case(plot), world.lead(running)
    chance = world.random(plot.key, "verification")
    settle_findings(case, actor=actor)
    schema = verifying.workflow.schema_of(case)
    given, base_cny = {}, None
    if schema.award.items:
        rows = verifying.rows(case)
        for row in chance.sample(rows, min(len(rows), chance.randint(0, 2))):
            cut = (row.most_cny * chance.randint(2, 6) / 10).quantize(Decimal("0.01"))
            given[row.invoice.uid] = (row.most_cny - cut, chance.choice(CUTS))
    elif schema.award.kind == "discretionary":
        base_cny = f"{case.asked_cny:.2f}"
    elif case.claimed_cny:
        part = chance.choice((Decimal(1), Decimal("0.95"), Decimal("0.9")))
        base_cny = f"{(case.claimed_cny * part).quantize(Decimal('0.01')):.2f}"
    verifying.draft(
        case, actor=actor, given=given, base=base_cny,
        note="经核对专项审计报告和凭证，按规定口径核定。",
    )  # fmt: skip


def release_verification(world: World, running: Running, plot: Plot) -> None:
    case = world.case(plot)
    verifying.release(case.verification, actor=world.lead(running, "head"))


# --- the meeting ---------------------------------------------------------------------------------


def draft_selection(world: World, running: Running, group: Group) -> None:
    """Each case as planned; what is recommended is what was verified, somewhat less here and there."""
    ends = {world.cases[plot.key]: plot.end for plot in running.of_group(group)}
    items = []
    for row in selecting.candidates(running.call):
        end = ends.get(row.application.pk)
        if end is None or row.application.status != "selection":
            continue
        outcome = {"reject": "reject", "waitlist": "waitlist", "promote": "waitlist"}.get(
            end, "support"
        )
        reason = "综合评分靠后，本批次不予支持。" if outcome == "reject" else ""
        amount = Decimal(0) if outcome == "reject" else row.most_cny
        items.append(selecting.Item(row.application, outcome, amount, reason))
    number = world.next_number(f"meeting-{running.measure.lead_unit.code}")
    selecting.draft(
        running.call,
        title=f"{clock.today().year}年第{number}次局长办公会",
        met_on=clock.today(),
        minutes="会议听取了评审和核定情况汇报，逐项审议，形成遴选意见。",
        items=items,
        actor=world.lead(running),
    )


def selection_of(world: World, plots: list[Plot]) -> Selection:
    keys = [world.cases[plot.key] for plot in plots if plot.key in world.cases]
    return Selection.objects.filter(items__application__in=keys).distinct().latest("pk")


def confirm_selection(world: World, running: Running, plots: list[Plot]) -> None:
    confirming.confirm_selection(selection_of(world, plots), actor=world.lead(running, "head"))


def promote(world: World, running: Running, plot: Plot) -> None:
    """A place is free again: the case moves up from the waiting list."""
    case = world.case(plot)
    promoting.draft(
        running.call,
        picks={case: selecting.most_cny(case)},
        title=f"{clock.today().year}年备选递补",
        met_on=clock.today(),
        minutes="因名额空出，按排序递补。",
        actor=world.lead(running),
    )


# --- the notice ----------------------------------------------------------------------------------


def publish(world: World, running: Running, plots: list[Plot]) -> None:
    unit = running.measure.lead_unit
    noticing.publish(
        selection_of(world, plots),
        actor=world.lead(running),
        title=noticing.proposed_title(running.call),
        text=TERMS,
        contact=f"{unit.name_zh}{unit.division} {unit.service_phone}",
    )


def close_notice(world: World, running: Running, plots: list[Plot]) -> None:
    notice = selection_of(world, plots).public_notice
    noticing.close(notice, actor="system:sweep")


def file_objection(world: World, running: Running, plot: Plot) -> None:
    case = world.case(plot)
    notice = PublicNotice.objects.get(selection__items__application=case.pk)
    chance = world.random(plot.key, "objection")
    objecting.file(
        notice, application=case, signed_as="person", signatory="闻人正",
        contact=f"139{chance.randint(10**7, 10**8 - 1)}",
        text="公示项目的部分设备系租赁取得，请核实是否计入建设投入。",
    )  # fmt: skip


def objection_of(world: World, plot: Plot) -> Objection:
    return Objection.objects.select_related("application").get(application=world.cases[plot.key])


def accept_objection(world: World, running: Running, plot: Plot) -> None:
    objecting.accept(objection_of(world, plot), actor=world.lead(running))


def decide_objection(world: World, running: Running, plot: Plot, upheld: bool) -> None:
    conclusion = (
        "经核实，反映的情况属实，取消拟支持资格。"
        if upheld
        else "经核实，相关设备未计入核定投入，异议不成立。"
    )
    objecting.decide(
        objection_of(world, plot), actor=world.lead(running), upheld=upheld, conclusion=conclusion
    )


def release_conclusion(world: World, running: Running, plot: Plot, upheld: bool) -> None:
    proposal = Proposal.objects.get(application=world.cases[plot.key], state=Proposal.State.DRAFTED)
    verb = withdrawing.release_proposal if upheld else proposing.release
    verb(proposal, actor=world.lead(running, "head"))
