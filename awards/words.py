"""What a refusal says to a person: made here, at the edge, from the facts that errors carry."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from applications.models import Status
from applications.workflow import MoveRefused
from awards.ledger import ActRefused, CapExceeded, KeyReused, LedgerRefused, QuotaExceeded
from awards.models import Decision, Entry, PaymentBatch
from portal.money import show_cny, show_wan
from reviews.models import Selection
from reviews.refusals import Refused

# So many numbers are named in a sentence.
NAMED = 10

REFUSALS = {
    "role": gettext_lazy("您没有办理此事项的权限。"),
    "same_person": gettext_lazy("起草人不能签发，须由另一人办理。"),
    "changed": gettext_lazy("页面打开后内容已有变化，请核对后重新办理。"),
    "reason_missing": gettext_lazy("请填写理由。"),
    "no_items": gettext_lazy("请至少选择一项。"),
    "no_cases": gettext_lazy("请至少选择一项。"),
    "number_missing": gettext_lazy("请填写文号。"),
    "title_missing": gettext_lazy("请填写标题。"),
    "source_missing": gettext_lazy("请填写资金来源。"),
    "base_missing": gettext_lazy("请填写法律或政策依据。"),
    "not_to_come": gettext_lazy("缴回期限须晚于今日。"),
    "reference_missing": gettext_lazy("请填写缴款凭证号。"),
    "not_sent": gettext_lazy("该笔款项尚未拨付，不能上传回单。"),
    "too_many_receipts": gettext_lazy("回单已达上限；如需更换，请先移除原回单。"),
    "receipt_twice": gettext_lazy("该文件已上传为本笔款项的回单。"),
    "nothing_counted": gettext_lazy("金额和名额不能都为零。"),
    "not_past": gettext_lazy("批准日期不能晚于今日。"),
    "no_account": gettext_lazy("该措施没有按此对象累计的上限或名额，无须登记期初。"),
}
_STATES = {
    **{state.value: state.label for state in Decision.State},
    **{state.value: state.label for state in PaymentBatch.State},
    **{state.value: state.label for state in Selection.State},
    **{state.value: state.label for state in Status},
}
_PAYEE = {
    "bank_account_name": gettext_lazy("开户名"),
    "bank_name": gettext_lazy("开户行"),
    "bank_account": gettext_lazy("账号"),
}


def _amount(cny) -> str:
    return _("%(wan)s 万元（%(cny)s）") % {"wan": show_wan(cny), "cny": show_cny(cny)}


def refusal(error: Exception) -> str:
    """The error in one or two sentences."""
    if isinstance(error, LedgerRefused):
        return _ledger(error)
    if isinstance(error, MoveRefused):
        return _("该申报现为“%(state)s”，不能办理此事项。") % {
            "state": _STATES.get(error.status, error.status)
        }
    assert isinstance(error, Refused)
    if error.reason in REFUSALS:
        return str(REFUSALS[error.reason])
    return _with_facts(error)


def _with_facts(error: Refused) -> str:
    facts = error.facts
    number = facts.get("number", "")
    if error.reason in {"state", "case_moved", "not_waiting"}:
        state = facts.get("status") or facts.get("state", "")
        word = _STATES.get(state, state)
        if number:
            return _("%(number)s 现为“%(state)s”，不能办理。") % {"number": number, "state": word}
        return _("现为“%(state)s”，不能办理此事项。") % {"state": word}
    if error.reason == "number_taken":
        return _("文号“%(number)s”已使用。") % {"number": number}
    if error.reason == "not_paid":
        return _("%(number)s 没有已拨付的资金，不能追回。") % {"number": number}
    if error.reason == "above_paid":
        return _("追回金额应大于 0，且不超过已拨付的 %(amount)s。") % {
            "amount": _amount(facts["paid_cny"])
        }
    if error.reason == "claimed_already":
        return _("%(number)s 已有一份未办结的追回。") % {"number": number}
    if error.reason == "above_outstanding":
        return _("缴回金额应大于 0，且不超过尚欠的 %(amount)s。") % {
            "amount": _amount(facts["outstanding_cny"])
        }
    if error.reason == "repaid_day":
        return _("缴回日期须在签发日与今日之间。")
    if error.reason == "repaid_before":
        return _("凭证号“%(reference)s”已登记过。") % {"reference": facts["reference"]}
    if error.reason == "entered_before":
        return _("该单位依据“%(number)s”的支持已登记过。") % {"number": facts["document_no"]}
    if error.reason == "subject_missing":
        return _("请填写%(fields)s。") % {"fields": _("、").join(facts["fields"])}
    if error.reason in {"above_recommended", "nothing_approved"}:
        return _("%(number)s 的批准金额应大于 0，且不超过推荐额 %(amount)s。") % {
            "number": number,
            "amount": _amount(facts["recommended_cny"]),
        }
    if error.reason == "set_changed":
        return _set_changed(facts)
    if error.reason == "not_ready":
        return _("%(number)s 未在待批准环节，或已列入另一份决定。") % {"number": number}
    if error.reason == "drafted_elsewhere":
        return _("%(numbers)s 已列入另一份待确认的遴选。") % {
            "numbers": _("、").join(facts["numbers"])
        }
    if error.reason == "not_due":
        return _("%(number)s 目前没有应拨付的款项。") % {"number": number}
    if error.reason == "clawed_back":
        return _("%(numbers)s 的追回尚未缴清，暂停拨付。") % {"numbers": listed(facts["numbers"])}
    if error.reason == "payee_incomplete":
        fields = _("、").join(str(_PAYEE[name]) for name in facts["fields"])
        return _("%(organisation)s 的收款信息不全（%(fields)s），请通知其在单位资料中补全。") % {
            "organisation": facts["organisation"],
            "fields": fields,
        }
    if error.reason == "shares_wrong":
        return _(
            "%(number)s 的合作单位份额合计不是 100%%，或未列入申报单位，不能按份额分配；请退回修改合作单位表。"
        ) % {"number": number}
    if error.reason == "payment_drafted":
        return _("该项目已列入拨付表 %(number)s，请先作废该拨付表。") % {"number": number}
    if error.reason == "paid":
        return _("该项目已拨付 %(amount)s，应办理追回，不能取消。") % {
            "amount": _amount(facts["paid_cny"])
        }
    if error.reason == "day":
        return _("日期须在拨付日与今日之间。")
    if error.reason == "source_long":
        return _("资金来源不超过 %(most)s 字。") % {"most": facts["most"]}
    if error.reason == "above_cap":
        return _("%(number)s 的推荐额 %(asked)s 超过可支持的 %(capped)s。") % {
            "number": number,
            "asked": _amount(facts["asked_cny"]),
            "capped": _amount(facts["capped_cny"]),
        }
    if error.reason == "not_eligible":
        reasons = _("；").join(_reason(row) for row in facts["reasons"])
        return _("%(number)s 不符合支持条件：%(reasons)s。") % {
            "number": number,
            "reasons": reasons,
        }
    if error.reason == "not_computable":
        return _("%(number)s 的金额无法测算：%(issues)s。") % {
            "number": number,
            "issues": _("、").join(facts["issues"]),
        }
    if error.reason == "amount":
        return _("%(numbers)s 的推荐额应大于 0，且不超过测算可支持额和申请额。") % {
            "numbers": _("、").join(facts["numbers"])
        }
    return _("未能办理（%(reason)s）。") % {"reason": error.reason}


def _set_changed(facts) -> str:
    """What came, what went, and the sums: the choice is then made anew."""
    told = [_("页面打开后可列入的项目已有变化，未提交。")]
    if facts["added"]:
        told.append(_("新增：%(numbers)s。") % {"numbers": listed(facts["added"])})
    if facts["removed"]:
        told.append(_("不能再列入：%(numbers)s。") % {"numbers": listed(facts["removed"])})
    told.append(
        _("原合计 %(seen)s，现合计 %(now)s。请核对后重新选择。")
        % {"seen": _amount(facts["seen_cny"]), "now": _amount(facts["now_cny"])}
    )
    return "".join(map(str, told))


def listed(names: list[str]) -> str:
    """The first of the numbers, and that there are more."""
    told = _("、").join(names[:NAMED])
    if len(names) <= NAMED:
        return told
    return _("%(names)s 等 %(n)s 项") % {"names": told, "n": len(names)}


def _reason(row) -> str:
    from django.utils.translation import get_language

    return row.label_en if (get_language() or "").startswith("en") else row.label_zh


def _ledger(error: LedgerRefused) -> str:
    if isinstance(error, QuotaExceeded):
        return ngettext(
            "“%(account)s”剩余 %(left)s 个名额，本次需要 %(asked)s 个。",
            "“%(account)s”剩余 %(left)s 个名额，本次需要 %(asked)s 个。",
            error.asked,
        ) % {"account": account_name(error.account), "left": error.left, "asked": error.asked}
    if isinstance(error, CapExceeded):
        return _("“%(account)s”剩余 %(left)s，本次需要 %(asked)s。") % {
            "account": account_name(error.account),
            "left": _amount(error.left_cny),
            "asked": _amount(error.asked_cny),
        }
    if isinstance(error, KeyReused):
        return _("该事项已办理过（%(kind)s），请刷新后核对。") % {
            "kind": error.entry.get_kind_display()
        }
    assert isinstance(error, ActRefused)
    return _("台账不接受此项操作（%(kind)s %(amount)s）：与该项现有状态或金额不符。") % {
        "kind": Entry.Kind(error.kind).label,
        "amount": _amount(error.amount_cny),
    }


def account_name(account) -> str:
    from django.utils.translation import get_language

    return account.label_en if (get_language() or "").startswith("en") else account.label_zh
