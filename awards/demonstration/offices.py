"""What keeps the account administrator and the auditor busy: invitations taken up and not,
an account that was switched off, a telephone number that was read."""

from awards.demonstration.base import DOMAIN
from awards.demonstration.world import World
from portal import clock
from portal.accounts import inviting, users
from portal.accounts.models import Invitation, Role, Unit

# Whom the account administrator invited: address, name, role, unit, on which working day.
INVITED = (
    ("expert.invited1", "许衡之", Role.EXPERT, "", -11),
    ("expert.invited2", "温可铸", Role.EXPERT, "", -3),
    ("health.invited", "蓝佩兰", Role.CLERK, "wjw", -9),
    ("jianye.invited", "河清晏", Role.CLERK, "jianye", -2),
    ("finance.invited", "库平秤", Role.FINANCE, "czj", -1),
)


def tell(world: World) -> None:
    for number, (local, name, role, unit, day) in enumerate(INVITED):
        what = f"{local} is invited"
        world.plan(day, f"{9 + number}:35", what, invite, local, name, role, unit)
    world.plan(-4, "16:45", "an account is switched off", switch_off, "luhe.head")
    world.plan(-4, "17:20", "the account is switched on again", switch_on, "luhe.head")
    world.plan(-2, "11:15", "a telephone number is read", read_phone, "university")


def invite(world: World, local: str, name: str, role: str, unit: str) -> None:
    invitation = inviting.invite(
        f"{local}@{DOMAIN}", role, name=name, actor=world.cast.person("account.admin"),
        unit=Unit.objects.get(code=unit) if unit else None,
    )  # fmt: skip
    # No mail of the past goes out.
    Invitation.objects.filter(pk=invitation.pk).update(mailed_at=clock.now())


def switch_off(world: World, local: str) -> None:
    user = world.cast.person(local)
    users.switch(
        user, active=False, actor=world.cast.person("account.admin"),
        reason="本人报告账户信息可能泄露，先行停用核实",
    )  # fmt: skip


def switch_on(world: World, local: str) -> None:
    user = world.cast.person(local)
    users.switch(
        user, active=True, actor=world.cast.person("account.admin"), reason="核实无异常，恢复使用"
    )


def read_phone(world: World, key: str) -> None:
    user = world.cast.members[key].admin
    users.reveal_phone(
        user, actor=world.cast.person("account.admin"), reason="电话联系补正单位公章备案"
    )
