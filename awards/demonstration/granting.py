"""Acts with money: the decision, finance's confirmation, payments and what comes back."""

from decimal import Decimal

from awards import decisions, finance, payments, withdrawing
from awards.demonstration.plots import Plot
from awards.demonstration.world import Running, World
from awards.models import Award, Decision, Payment, PaymentBatch
from policy.models import Call
from portal import clock

SERIES = {"kjj": "宁科发", "jrb": "宁金办"}
REASON = "单位已迁出本市，不再符合支持条件。"


def awards_of(world: World, plots: list[Plot]) -> list[Award]:
    keys = [world.cases[plot.key] for plot in plots if plot.key in world.cases]
    return list(
        Award.objects.filter(application__in=keys)
        .exclude(state=Award.State.RELEASED)
        .select_related("application", "organisation")
        .order_by("pk")
    )


def draft_decision(world: World, running: Running, plots: list[Plot]) -> None:
    unit, year = running.measure.lead_unit, clock.today().year
    series = SERIES.get(unit.code, "宁发")
    number = world.next_number(f"decision-{unit.code}-{year}")
    ready = {award.pk for award in decisions.candidates(running.call)}
    items: dict[Award, Decimal] = {
        award: award.recommended_cny for award in awards_of(world, plots) if award.pk in ready
    }
    title = running.call.title_zh.replace("申报通知", "")
    decisions.draft(
        running.call,
        number=f"{series}〔{year}〕{number}号",
        title=f"关于{title}支持名单的通知",
        text="请按规定专款专用，并接受绩效评价和审计监督。",
        items=items,
        actor=world.lead(running),
    )


def decision_of(world: World, plots: list[Plot]) -> Decision:
    return Decision.objects.filter(items__award__in=awards_of(world, plots)).distinct().get()


def release_decision(world: World, running: Running, plots: list[Plot]) -> None:
    decisions.release(decision_of(world, plots), actor=world.lead(running, "head"))


def cancel(world: World, running: Running, plot: Plot) -> None:
    withdrawing.cancel(world.case(plot), actor=world.lead(running, "head"), reason=REASON)


def confirm_finance(world: World, running: Running, plots: list[Plot]) -> None:
    finance.confirm(
        decision_of(world, plots),
        actor=world.cast.person("finance.clerk"),
        funding_source=f"{clock.today().year}年市级科技发展专项资金",
    )


def draft_batch(world: World, running: Running, plots: list[Plot]) -> None:
    payments.draft(
        Call.objects.get(pk=running.call.pk),
        awards=awards_of(world, plots),
        actor=world.cast.person("finance.clerk"),
    )


def release_batch(world: World, running: Running) -> None:
    """The oldest drafted batch of the call."""
    batch = PaymentBatch.objects.filter(
        call=running.call, state=PaymentBatch.State.DRAFTED
    ).earliest("pk")
    payments.release(batch, actor=world.cast.person("finance.head"))


def _sent(world: World, plot: Plot) -> list[Payment]:
    """The payments on their way to the case's organisation, and to its partners."""
    rows = Payment.objects.filter(
        award__application=world.cases[plot.key], state=Payment.State.SENT
    )
    return list(rows.select_related("award__application", "batch").order_by("pk"))


def arrive(world: World, running: Running, plot: Plot) -> None:
    for payment in _sent(world, plot):
        payments.arrived(payment, actor=world.cast.person("finance.clerk"), on=clock.today())


def bounce(world: World, running: Running, plot: Plot) -> None:
    payments.bounce(
        _sent(world, plot)[-1],
        actor=world.cast.person("finance.clerk"),
        on=clock.today(),
        reason="收款账户户名与银行预留信息不一致，银行退回。",
    )
