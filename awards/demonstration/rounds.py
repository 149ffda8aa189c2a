"""The calls of the demonstration and what becomes of their cases: data, in working days from today.

A case either stands alone and ends somewhere (``Single``), or goes with a group through the panel,
the meeting, the notice and the payments (``Group``). Stages that a line does not have are passed
over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GUIDE = """一、支持对象
符合《{title}》第{article}条规定，在南京市依法登记并正常运行的单位。

二、支持标准
{clause}。具体比例、期限和计入范围见本通知“支持标准”。

三、申报程序
单位在线填报，经单位管理员审核后提交；区（江北新区）科技部门推荐；{lead}受理并组织评审；结果公示 5 个工作日；\
批准并经市财政局确认后拨付。

四、申报材料
见本通知“申报材料”，材料须清晰、完整，金额与专项审计报告一致。

五、其他
提供虚假材料的，取消申报资格；已拨付的，追回资金。"""


@dataclass(frozen=True)
class Single:
    """``count`` cases that end alike. ``left``: working days to the due date, one for each case in
    turn (negative: overdue). ``orgs``: who the first of them are."""

    end: str
    count: int
    left: tuple[int, ...] = (3,)
    orgs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Cases that a panel judges and a meeting selects together, now in the stage ``reach``.

    ``ends``: how many end in which way (``go``: as far as the group goes). ``doing``: what has
    been begun in the stage that is reached.
    """

    reach: str
    left: int
    ends: Mapping[str, int]
    doing: str = ""
    orgs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nominees:
    """Organisations that the lead unit nominates (免申即享), drafted on a working day before today;
    ``released``: a head has signed, and they are asked to confirm."""

    orgs: tuple[str, ...]
    day: int
    released: bool = False


@dataclass(frozen=True)
class Round:
    """A call with its cases. ``closes``: the number of its last working day, None: after the last
    submission. ``opens``: of its first, where no case says so. ``question_workdays``: the call's
    own limit for answering a question."""

    key: str
    line: str
    kinds: tuple[str, ...]
    budget_wan: int
    singles: tuple[Single, ...] = ()
    groups: tuple[Group, ...] = ()
    places: int | None = None
    opens: int = 0
    closes: int | None = None
    nominees: tuple[Nominees, ...] = ()
    question_workdays: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


ALL_RD = ("enterprise", "university", "institute", "hospital")
ROUNDS = (
    Round(
        "first", "10-1", ALL_RD, 2000, places=10,
        settings={"rate": "0.3", "instalments": [60, 40]},
        groups=(
            Group(
                "paid", 0,
                {"go": 3, "second_due": 1, "bounce": 1, "uphold": 1, "promote": 1, "waitlist": 2,
                 "give_up": 1, "revoke": 1, "reject": 2, "withdraw": 1},
                orgs=("lingshu", "ruijian", "kangze", "university", "zhiyun"),
            ),
            Group("public_notice", 3, {"go": 2, "reject": 1}, orgs=("zidong",)),
        ),
        singles=(
            Single("decline", 1), Single("refuse", 1), Single("veto", 1), Single("lapse", 1),
            Single("withdraw", 1), Single("corrected_twice_withdraw", 1),
        ),
    ),
    Round(
        "second", "13-1", ("new_rd",), 3000,
        settings={"payee_rule": "shares"},
        groups=(
            Group("payment", 1, {"paid": 2, "go": 2, "cancel": 1, "reject": 1}, doing="batch",
                  orgs=("jiyao", "zhikong", "xinyuan")),
            Group("finance", 2, {"go": 2}),
            Group("decision", -2, {"go": 2}, doing="decision"),
            Group("public_notice", 2, {"object": 1, "filed": 1}),
            Group("selection", 4, {"go": 2}, doing="meeting"),
        ),
    ),
    Round(
        "third", "11-1", (*ALL_RD, "new_rd"), 3600, places=20, question_workdays=3,
        settings={"rate": "0.2"},
        groups=(
            Group("decision", 1, {"go": 3, "reject": 1}),
            Group("selection", 1, {"go": 3}),
            Group("verification", -3, {"go": 3}),
            Group("verification", 2, {"go": 4}, doing="drafts"),
            Group("expert_review", 2, {"go": 4}, doing="scoring", orgs=("ruijian",)),
            Group("expert_review", -2, {"go": 3}, doing="scoring"),
            Group("expert_review", 5, {"go": 2}, doing="scoring"),
            Group("expert_review", 8, {"go": 2}, doing="drawn"),
        ),
        singles=(
            Single("joint_review", 4, (2, 4, 1, 5)), Single("veto_pending", 1, (1,)),
            Single("formal_check", 3, (-1, 1, 3)),
            Single("correction", 3, (4, 1, 6), orgs=("xinyuan", "university")),
            Single("returned", 1, orgs=("zhiyun",)), Single("refuse", 1), Single("decline", 1),
            Single("refuse_pending", 1, (0,)),
        ),
    ),
    Round(
        "fourth", "15-3", ("agency", "park", "bank", "association", "enterprise"), 900, closes=2,
        question_workdays=5,
        singles=(
            Single("draft", 6, orgs=("zhiyun",)), Single("handed", 2, orgs=("kechuang",)),
            Single("recommendation", 6, (-2, -1, 0, 1, 2, 5)), Single("returned", 2, orgs=("jinfu",)),
            Single("formal_check", 2, (0, 3)), Single("refuse_pending", 1, (2,)), Single("correction", 2, (3, 5)),
        ),
    ),
    Round(
        "fifth", "10-1", ALL_RD, 1200, places=2, closes=16, question_workdays=3,
        settings={"rate": "0.3"},
        singles=(
            Single("draft", 8, orgs=("qinglan",)), Single("handed", 3),
            Single("recommendation", 4, (7, 8, 6, 8), orgs=("mingche", "weilan")),
            Single("decline_pending", 2, (6, 7), orgs=("pharma", "chenguang")),
            Single("returned", 1), Single("formal_check", 2, (2, 3)),
            Single("joint_review", 2, (5, 6)),
        ),
    ),
    Round(
        "sixth", "15-2", ("enterprise",), 500, opens=-14, closes=18, question_workdays=5,
        settings={"premium_rate": "0.5", "nominates": True, "confirm_workdays": 10},
        nominees=(
            Nominees(("zhiyun", "lingshu"), -6, released=True), Nominees(("weilan", "yinhe"), -2),
        ),
    ),
)  # fmt: skip
