"""Where a case stands, and the moves that a case may make: the union of every plan's."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """Where a case stands. The stages of a plan bear the same codes (policy.schema.Stage)."""

    DRAFT = "draft", _("填报中")
    HANDED = "handed", _("待单位提交")
    RECOMMENDATION = "recommendation", _("区推荐")
    RETURNED = "returned", _("退回修改")
    FORMAL_CHECK = "formal_check", _("形式审查")
    CORRECTION = "correction", _("补正")
    JOINT_REVIEW = "joint_review", _("会商")
    EXPERT_REVIEW = "expert_review", _("专家评审")
    VERIFICATION = "verification", _("核定")
    SELECTION = "selection", _("会议遴选")
    WAITLISTED = "waitlisted", _("备选")
    PUBLIC_NOTICE = "public_notice", _("公示")
    OBJECTION = "objection", _("异议处理")
    DECISION = "decision", _("待批准")
    FINANCE = "finance", _("财政确认")
    PAYMENT = "payment", _("待拨付")
    PAID = "paid", _("已拨付")
    RECOGNISED = "recognised", _("已认定")
    NOT_RECOMMENDED = "not_recommended", _("未推荐")
    REFUSED = "refused", _("不予受理")
    LAPSED = "lapsed", _("逾期未补正，视为放弃")
    NOT_SELECTED = "not_selected", _("不支持")
    CANCELLED = "cancelled", _("已取消")
    WITHDRAWN = "withdrawn", _("已撤回")


# With the applicant, who may write the answers (a correction: the flagged ones only).
EDITABLE = frozenset({Status.DRAFT, Status.HANDED, Status.RETURNED, Status.CORRECTION})
ENDED = frozenset(
    {
        Status.PAID,
        Status.RECOGNISED,
        Status.NOT_RECOMMENDED,
        Status.REFUSED,
        Status.LAPSED,
        Status.NOT_SELECTED,
        Status.CANCELLED,
        Status.WITHDRAWN,
    }
)
# Ended without a grant or recognition: the organisation may start anew under the same call.
VOID = ENDED - {Status.PAID, Status.RECOGNISED}
# The union of every plan's moves: the table in workflow.py may use no other, and the
# database's last line (the FSM trigger) is made of it.
MOVES: tuple[tuple[str, str], ...] = (
    ("draft", "handed"),
    ("handed", "draft"),
    *((source, target)
      for source in ("draft", "handed")
      for target in ("recommendation", "formal_check")),
    ("recommendation", "returned"),
    ("returned", "recommendation"),
    ("recommendation", "formal_check"),
    ("recommendation", "not_recommended"),
    ("formal_check", "correction"),
    ("correction", "formal_check"),
    ("correction", "lapsed"),
    ("formal_check", "refused"),
    ("joint_review", "refused"),
    *((source, target)
      for at, source in enumerate(
          ("formal_check", "joint_review", "expert_review", "verification"))
      for target in ("joint_review", "expert_review", "verification", "selection")[at:]),
    ("selection", "public_notice"),
    ("selection", "waitlisted"),
    ("selection", "not_selected"),
    ("waitlisted", "public_notice"),
    ("waitlisted", "not_selected"),
    ("public_notice", "objection"),
    ("objection", "public_notice"),
    ("objection", "cancelled"),
    ("public_notice", "decision"),
    ("decision", "finance"),
    # a line without money ends here
    ("decision", "recognised"),
    ("decision", "cancelled"),
    # given up, or called off, after the decision and before anything is paid
    ("finance", "cancelled"),
    ("payment", "cancelled"),
    ("recognised", "cancelled"),
    ("finance", "payment"),
    ("payment", "paid"),
    ("paid", "payment"),
    *((source, "withdrawn")
      for source in (
          "recommendation", "returned", "formal_check", "correction", "joint_review",
          "expert_review", "verification", "selection", "waitlisted", "public_notice",
          "objection", "decision",
      )),
)  # fmt: skip
# The way back of an act that is undone in time (applications.undoing), and of nothing else.
UNDONE_MOVES: tuple[tuple[str, str], ...] = (
    ("formal_check", "recommendation"),
    *((target, source)
      for at, source in enumerate(("formal_check", "joint_review"))
      for target in ("joint_review", "expert_review", "verification", "selection")[at:]),
)  # fmt: skip


def pairs(moves) -> str:
    """The moves as rows of SQL."""
    return ", ".join(f"('{source}', '{target}')" for source, target in moves)
