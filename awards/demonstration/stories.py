"""The acts of all cases, put on the schedule: each case by itself, then what groups do together."""

from awards.demonstration import applying, granting, judging, reclaiming
from awards.demonstration.plots import UNSUBMITTED, Plot
from awards.demonstration.rounds import Group
from awards.demonstration.world import Running, World

# How far drafts of today have been filled in.
SHARES = (0.25, 0.5, 0.75, 0.9)


def tell(world: World, running: Running) -> None:
    """Put a round's acts on the schedule; its plots have their days."""
    for plot in running.plots:
        _begin(world, running, plot)
        if plot.end not in UNSUBMITTED:
            _along(world, running, plot)
    for group in running.round.groups:
        _together(world, running, group)


# --- a case by itself ------------------------------------------------------------------------


def _begin(world: World, running: Running, plot: Plot) -> None:
    name = plot.key
    world.plan(plot.started, "09:10", f"{name} start", applying.start, running, plot)
    if plot.end == "draft":
        share = SHARES[int(plot.key.rpartition("-")[2]) % len(SHARES)]
        world.plan(-1, world.hour(plot, "fill"), f"{name} fill in", applying.fill, plot, share)
        return
    handed = plot.submitted - 1 if plot.end != "handed" else -1
    world.plan(handed, world.hour(plot, "fill", 9, 11), f"{name} fill in", applying.fill, plot)
    world.plan(
        handed, world.hour(plot, "hand", 13, 16), f"{name} hand over", applying.hand_over, plot
    )
    if plot.end != "handed":
        if "taken_back" in plot.detours:
            args = (f"{name} take back", applying.hand_over, plot, "take_back")
            world.plan(plot.submitted, "08:35", *args)
            world.plan(plot.submitted, "08:50", f"{name} hand over", applying.hand_over, plot)
        at = world.hour(plot, "submit", 9, 16)
        world.plan(plot.submitted, at, f"{name} submit", applying.submit, plot)


def _along(world: World, running: Running, plot: Plot) -> None:
    """From the district to the end of the joint review, as far as the case goes."""
    entry = plot.entry
    _recommendation(world, plot, entry.get("recommendation"), entry.get("formal_check"))
    if (day := entry.get("formal_check")) is not None:
        leaving = entry.get(
            "joint_review", min((d for d in entry.values() if d > day), default=None)
        )
        _formal_check(world, plot, day, leaving)
    if (day := entry.get("joint_review")) is not None:
        leaving = min((d for d in entry.values() if d > day), default=None)
        _joint_review(world, running, plot, day, leaving)
    if plot.end == "withdraw" and plot.group is None:
        day = max(entry.values()) + 2
        world.plan(day, "16:20", f"{plot.key} withdraw", applying.withdraw, plot)


def _recommendation(world: World, plot: Plot, day: int | None, leaving: int | None) -> None:
    if day is None:
        return
    name = plot.key
    if plot.end == "returned":
        world.plan(day + 1, "17:05", f"{name} return", applying.send_back, plot)
    elif plot.end in {"decline", "decline_pending"}:
        drafted = day + 3 if plot.end == "decline" else -1
        world.plan(
            drafted,
            "17:10",
            f"{name} propose to decline",
            applying.propose,
            plot,
            "decline",
            applying.DECLINED,
        )
        if plot.end == "decline":
            world.plan(day + 4, "09:40", f"{name} decline", applying.release_proposal, plot)
    elif leaving is not None:
        if "returned" in plot.detours:
            world.plan(day + 1, "17:05", f"{name} return", applying.send_back, plot)
            world.plan(day + 4, "10:30", f"{name} resubmit", applying.submit, plot, "resubmit")
        world.plan(
            leaving,
            world.hour(plot, "recommend", 17, 17),
            f"{name} recommend",
            applying.recommend,
            plot,
        )


def _formal_check(world: World, plot: Plot, day: int, leaving: int | None) -> None:
    name, end = plot.key, plot.end
    if end in {"refuse", "refuse_pending"}:
        drafted = day + 2 if end == "refuse" else -1
        world.plan(
            drafted,
            "10:05",
            f"{name} propose to refuse",
            applying.propose,
            plot,
            "refuse",
            applying.REFUSED,
        )
        if end == "refuse":
            world.plan(day + 3, "15:00", f"{name} refuse", applying.release_proposal, plot)
    elif end == "correction":
        world.plan(day + 2, "15:20", f"{name} ask for a correction", applying.ask_correction, plot)
    elif end == "lapse":
        world.plan(day + 1, "15:20", f"{name} ask for a correction", applying.ask_correction, plot)
        world.plan(day + 13, "00:40", f"{name} lapse", applying.lapse, plot)
    elif end == "corrected_twice_withdraw":
        for number, first in enumerate((day + 1, day + 6)):
            world.plan(
                first, "15:20", f"{name} ask for a correction", applying.ask_correction, plot
            )
            world.plan(first + 3, "10:15", f"{name} correct ({number + 1})", applying.correct, plot)
        world.plan(day + 12, "09:50", f"{name} withdraw", applying.withdraw, plot)
    elif leaving is None:
        world.plan(-1, world.hour(plot, "tick", 14, 16), f"{name} tick", applying.tick, plot, 0.8)
    else:
        if "corrected" in plot.detours:
            world.plan(
                day + 1, "15:20", f"{name} ask for a correction", applying.ask_correction, plot
            )
            world.plan(day + 6, "10:15", f"{name} correct", applying.correct, plot)
        world.plan(leaving, "18:10", f"{name} accept", applying.accept, plot)


def _joint_review(
    world: World, running: Running, plot: Plot, day: int, leaving: int | None
) -> None:
    name, chance = plot.key, world.random(plot.key, "joint")
    codes = [unit.code for unit in running.measure.co_units]
    vetoed = plot.end in {"veto", "veto_pending"}
    for index, code in enumerate(codes):
        last = index == len(codes) - 1
        if plot.end == "withdraw" and plot.group is None and index > 0:
            continue
        if last and ((leaving is None and not vetoed) or "silent" in plot.detours):
            continue
        outcome = "no_objection"
        if index == 0 and vetoed:
            outcome = "veto"
        elif index == 0 and "objected" in plot.detours:
            outcome = "objection"
        when = day + 1 + (0 if plot.end == "withdraw" else chance.randint(0, 2))
        at = world.hour(plot, code, 10, 16)
        world.plan(
            when, at, f"{name} opinion of {code}", applying.give_opinion, plot, code, outcome
        )
    if vetoed:
        drafted = day + 4 if plot.end == "veto" else -1
        world.plan(
            drafted,
            "17:20",
            f"{name} propose to refuse",
            applying.propose,
            plot,
            "refuse",
            applying.VETOED,
        )
        if plot.end == "veto":
            world.plan(day + 5, "16:00", f"{name} refuse", applying.release_proposal, plot)
    elif leaving is not None:
        world.plan(
            leaving, "19:00", f"{name} conclude joint review", applying.conclude_joint_review, plot
        )


# --- what a group does together ------------------------------------------------------------------


def _together(world: World, running: Running, group: Group) -> None:
    gates = running.gates[id(group)]
    if "expert_review" in gates:
        _panel(world, running, group, gates["expert_review"], gates.get("verification"))
    if "verification" in gates:
        _verification(world, running, group, gates["verification"], gates.get("selection"))
    if "selection" in gates:
        _meeting(world, running, group, gates["selection"], gates.get("public_notice"))
    if "public_notice" in gates:
        _notice(world, running, group, gates["public_notice"], gates.get("decision"))
    if "decision" in gates:
        _decision(world, running, group, gates["decision"], gates.get("finance"))
    if "finance" in gates and "payment" in gates:
        plots = _granted(running, group)
        world.plan(
            gates["payment"],
            "11:00",
            f"{group.reach} finance confirms",
            granting.confirm_finance,
            running,
            plots,
        )
        _payments(world, running, group, gates["payment"])


def _panel(world: World, running: Running, group: Group, day: int, leaving: int | None) -> None:
    args, name = (running, group), f"panel of {running.round.key}"
    if leaving is not None:
        world.plan(day + 1, "10:00", f"{name}: draw", judging.draw, *args)
        world.plan(day + 1, "15:30", f"{name}: approve", judging.approve_panel, *args)
        for order in range(7):
            world.plan(
                day + 2 + order % 4,
                f"{10 + order}:25",
                f"{name}: score {order + 1}",
                judging.score,
                *args,
                order,
            )
        world.plan(leaving, "09:30", f"{name}: freeze", judging.freeze, *args)
        world.plan(leaving, "10:20", f"{name}: conclude", judging.conclude_panel, *args)
        return
    if group.doing == "drawn":
        world.plan(-1, "15:10", f"{name}: draw", judging.draw, *args)
        return
    drawn = min(day + 1, -2)
    world.plan(drawn, "10:00", f"{name}: draw", judging.draw, *args)
    world.plan(drawn, "15:30", f"{name}: approve", judging.approve_panel, *args)
    if group.left > 2:
        world.plan(-1, "09:20", f"{name}: conflict", judging.declare_conflict, *args)
    # Two experts are half way, the others have still to begin.
    for order, at in enumerate(("10:40", "11:40")):
        world.plan(-1, at, f"{name}: score {order + 1}", judging.score, *args, order, 0.5)


def _verification(
    world: World, running: Running, group: Group, day: int, leaving: int | None
) -> None:
    plots = running.of_group(group)
    for index, plot in enumerate(plots):
        name, args = plot.key, (running, plot)
        when = day + 1 + index % 3
        if leaving is None:
            if group.doing == "drafts" and index < 2:
                world.plan(
                    -1,
                    f"1{index}:30",
                    f"{name} draft verification",
                    judging.draft_verification,
                    *args,
                )
            continue
        world.plan(when, "14:00", f"{name} draft verification", judging.draft_verification, *args)
        world.plan(
            when + 1, "16:40", f"{name} release verification", judging.release_verification, *args
        )


def _meeting(world: World, running: Running, group: Group, day: int, leaving: int | None) -> None:
    plots, name = running.of_group(group), f"meeting of {running.round.key}"
    for plot in running.of_group(group, "withdraw"):
        world.plan(day + 1, "10:10", f"{plot.key} withdraw", applying.withdraw, plot)
    if leaving is not None:
        world.plan(leaving - 2, "14:30", f"{name}: draft", judging.draft_selection, running, group)
        world.plan(leaving, "10:00", f"{name}: confirm", judging.confirm_selection, running, plots)
        world.plan(leaving, "15:00", f"{name}: notice", judging.publish, running, plots)
    elif group.doing == "meeting":
        world.plan(-1, "14:30", f"{name}: draft", judging.draft_selection, running, group)


def _notice(world: World, running: Running, group: Group, day: int, leaving: int | None) -> None:
    plots, name = running.of_group(group), f"notice of {running.round.key}"
    for plot in running.of_group(group, "uphold"):
        _objection(world, running, plot, day + 1, upheld=True)
    for plot in running.of_group(group, "go")[:1] if leaving is not None else ():
        _objection(world, running, plot, day + 1, upheld=False)
    for plot in running.of_group(group, "object"):
        world.plan(day + 1, "16:00", f"{plot.key} objection", judging.file_objection, running, plot)
        world.plan(
            day + 2,
            "10:00",
            f"{plot.key} accept objection",
            judging.accept_objection,
            running,
            plot,
        )
    for plot in running.of_group(group, "filed"):
        world.plan(-1, "16:00", f"{plot.key} objection", judging.file_objection, running, plot)
    if leaving is not None:
        world.plan(leaving, "09:20", f"{name}: close", judging.close_notice, running, plots)


def _objection(world: World, running: Running, plot: Plot, day: int, *, upheld: bool) -> None:
    name, args = plot.key, (running, plot)
    world.plan(day, "16:00", f"{name} objection", judging.file_objection, *args)
    world.plan(day + 1, "10:00", f"{name} accept objection", judging.accept_objection, *args)
    world.plan(day + 2, "15:00", f"{name} conclusion", judging.decide_objection, *args, upheld)
    world.plan(
        day + 3, "16:30", f"{name} release conclusion", judging.release_conclusion, *args, upheld
    )


def _granted(running: Running, group: Group) -> list[Plot]:
    return running.of_group(group, "go", "paid", "second_due", "bounce", "give_up", "revoke")


def _decision(world: World, running: Running, group: Group, day: int, leaving: int | None) -> None:
    plots, name = _granted(running, group), f"decision of {running.round.key}"
    for plot in running.of_group(group, "cancel"):
        world.plan(day + 1, "09:30", f"{plot.key} cancel", granting.cancel, running, plot)
    if leaving is not None:
        world.plan(leaving - 1, "14:00", f"{name}: draft", granting.draft_decision, running, plots)
        world.plan(leaving, "15:40", f"{name}: release", granting.release_decision, running, plots)
    elif group.doing == "decision":
        world.plan(-1, "15:00", f"{name}: draft", granting.draft_decision, running, plots)


def _payments(world: World, running: Running, group: Group, day: int) -> None:
    """First instalments, then second ones where the call pays in two parts."""
    first = (
        running.of_group(group, "paid") if group.reach == "payment" else _granted(running, group)
    )
    if first:
        _batch(world, running, first, day + 3)
        for plot in first:
            world.plan(
                day + 7,
                world.hour(plot, "arrive"),
                f"{plot.key} arrived",
                granting.arrive,
                running,
                plot,
            )
    if group.reach == "paid":
        second = running.of_group(group, "go", "bounce")
        _batch(world, running, second, day + 32)
        for plot in running.of_group(group, "go")[:2]:
            world.plan(
                day + 36,
                world.hour(plot, "arrive"),
                f"{plot.key} arrived",
                granting.arrive,
                running,
                plot,
            )
        for plot in running.of_group(group, "bounce"):
            world.plan(day + 37, "14:10", f"{plot.key} bounced", granting.bounce, running, plot)
        reclaiming.tell(world, running, group, day + 7)
        _promotion(world, running, group)
    elif group.doing == "batch":
        world.plan(
            -1,
            "16:10",
            "payments: draft",
            granting.draft_batch,
            running,
            running.of_group(group, "go")[:1],
        )


def _batch(world: World, running: Running, plots: list[Plot], day: int) -> None:
    world.plan(day, "10:30", "payments: draft", granting.draft_batch, running, plots)
    world.plan(day + 1, "11:10", "payments: release", granting.release_batch, running)


def _promotion(world: World, running: Running, group: Group) -> None:
    for plot in running.of_group(group, "promote"):
        world.plan(-3, "09:15", f"{plot.key} promote", judging.promote, running, plot)
        world.plan(-3, "16:00", f"{plot.key} confirm", judging.confirm_selection, running, [plot])
        world.plan(-2, "09:45", f"{plot.key} notice", judging.publish, running, [plot])
