"""Claw-backs (收回): one repaid, one overdue of which a part came back, one that waits for the head."""

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


def _claim(world: World, running: Running, plot: Plot, day: int, *, released: bool) -> None:
    due_on = world.schedule.days.date(day + 1 + TERM)
    world.plan(day, "14:20", f"{plot.key} claw-back: draft", draft, running, plot, due_on)
    if released:
        world.plan(day + 1, "16:10", f"{plot.key} claw-back: release", release, running, plot)


def draft(world: World, running: Running, plot: Plot, due_on: date) -> None:
    award = Award.objects.select_related("call", "application").get(
        application=world.cases[plot.key]
    )
    part = (award.paid_cny * PART / UNIT_CNY).to_integral_value() * UNIT_CNY
    clawbacks.draft(
        award,
        amount_cny=max(part, UNIT_CNY),
        frees_place=False,
        reason=REASON,
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
        amount_cny=(claw_back.amount_cny * share).to_integral_value(),
        on=today,
        reference=f"JK{today:%Y%m%d}{world.next_number('repayment'):04}",
        actor=world.cast.person("finance.clerk"),
    )
