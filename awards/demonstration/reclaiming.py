"""Claw-backs (收回): one repaid, one overdue of which a part came back, one that waits for the head;
and two by which what was still to be paid is given up, one award wholly revoked."""

from datetime import date
from decimal import Decimal

from awards import clawbacks
from awards.demonstration.plots import Plot
from awards.demonstration.rounds import Group
from awards.demonstration.world import Running, World
from awards.models import Award, ClawBack
from portal import clock

PART = Decimal("0.2")
UNIT_CNY = Decimal(10_000)
# Working days between the letter and the day by which the money must be back.
TERM = 15
REASON = "经审计核实，一台验证设备同时列入其他财政资金项目，按规定追回相应部分。"
MOVED = "该单位已将验证设备迁出本市，中心停止运行，不再符合支持条件。"
LEGAL_BASE = "本批次申报通知第五条、《江苏省财政监督条例》有关规定"


def tell(world: World, running: Running, group: Group, paid: int) -> None:
    """``paid``: the working day on which the first instalments arrive."""
    for plot in running.of_group(group, "go")[:1]:
        _claim(world, running, plot, -8, released=True)
        world.plan(-3, "10:40", f"{plot.key} repays", repay, running, plot, Decimal(1))
    for plot in running.of_group(group, "go")[1:2]:
        _claim(world, running, plot, -1, released=False)
    for plot in running.of_group(group, "second_due"):
        _claim(world, running, plot, paid + 4, released=True)
        world.plan(
            paid + 12, "15:10", f"{plot.key} repays half", repay, running, plot, Decimal("0.5")
        )
    for plot in running.of_group(group, "give_up", "revoke"):
        part = Decimal(1) if plot.end == "revoke" else PART
        _claim(world, running, plot, paid + 6, released=True, part=part, frees_place=True)
        world.plan(paid + 15, "11:20", f"{plot.key} repays", repay, running, plot, Decimal(1))


def _claim(
    world: World,
    running: Running,
    plot: Plot,
    day: int,
    *,
    released: bool,
    part: Decimal = PART,
    frees_place: bool = False,
) -> None:
    """A claw-back of a part of what was paid, drafted on a working day and signed on the next."""
    due_on = world.schedule.days.date(day + 1 + TERM)
    what = (running, plot, due_on, part, frees_place)
    world.plan(day, "14:20", f"{plot.key} claw-back: draft", draft, *what)
    if released:
        world.plan(day + 1, "16:10", f"{plot.key} claw-back: release", release, running, plot)


def draft(
    world: World, running: Running, plot: Plot, due_on: date, part: Decimal, frees_place: bool
) -> None:
    award = Award.objects.select_related("call", "application").get(
        application=world.cases[plot.key]
    )
    amount_cny = award.paid_cny
    if part < 1:
        amount_cny = max((amount_cny * part / UNIT_CNY).to_integral_value(), 1) * UNIT_CNY
    clawbacks.draft(
        award,
        amount_cny=amount_cny,
        frees_place=frees_place,
        reason=MOVED if frees_place else REASON,
        legal_base=LEGAL_BASE,
        due_on=due_on,
        actor=world.lead(running),
    )


def _of(world: World, plot: Plot) -> ClawBack:
    return ClawBack.objects.select_related("award").get(award__application=world.cases[plot.key])


def release(world: World, running: Running, plot: Plot) -> None:
    clawbacks.release(_of(world, plot), actor=world.lead(running, "head"))


def repay(world: World, running: Running, plot: Plot, share: Decimal) -> None:
    claw_back, today = _of(world, plot), clock.today()
    clawbacks.repay(
        claw_back,
        amount_cny=claw_back.amount_cny * share,
        on=today,
        reference=f"JK{today:%Y%m%d}{world.next_number('repayment'):04}",
        actor=world.cast.person("finance.clerk"),
    )
