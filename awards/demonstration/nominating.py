"""Awards without application (免申即享): the lead unit's lists, one confirmed by nobody yet, one
that waits for the head."""

from datetime import timedelta

from awards.demonstration.rounds import Nominees
from awards.demonstration.world import Running, World
from portal import clock
from reviews import nominating
from reviews.models import Nomination

BASIS = "市科技局高新技术企业名录、保险机构报送的保单清单"
INSURANCES = ("专利险", "科技项目研发费用损失险")


def tell(world: World, running: Running) -> None:
    """Put the round's nominations on the schedule."""
    for number, nominees in enumerate(running.round.nominees, start=1):
        name, args = f"{running.round.key} nomination {number}", (running, nominees)
        world.plan(nominees.day, "10:15", f"{name}: draft", draft, *args)
        if nominees.released:
            world.plan(nominees.day + 1, "11:05", f"{name}: release", release, *args)


def draft(world: World, running: Running, nominees: Nominees) -> None:
    nominating.draft(
        running.call,
        basis=BASIS,
        text="\n".join(_line(world, key) for key in nominees.orgs),
        actor=world.lead(running),
    )


def _line(world: World, key: str) -> str:
    """Code, type, certificate and its last day, insurance, premium, other subsidy."""
    chance = world.random(key, "nominated")
    cells = (
        world.cast.members[key].organisation.uscc,
        "高新技术企业",
        f"GR{clock.today().year - 1}32{chance.randint(10**5, 10**6 - 1)}",
        (clock.today() + timedelta(days=chance.randint(300, 900))).isoformat(),
        chance.choice(INSURANCES),
        f"{chance.randint(4, 30) * 10_000}.00",
        "否",
    )
    return "\t".join(cells)


def release(world: World, running: Running, nominees: Nominees) -> None:
    nomination = Nomination.objects.get(call=running.call, state=Nomination.State.DRAFTED)
    nominating.release(nomination, actor=world.lead(running, "head"))
