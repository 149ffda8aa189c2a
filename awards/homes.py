"""The homes' sections on money: decisions to release, to confirm, payments to make."""

from datetime import date
from decimal import Decimal

from django.db.models import CharField, F, Sum, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from awards import access, finance
from awards.models import ClawBack, Decision, Opening, PaymentBatch
from policy.homes import due
from portal import homes
from portal.accounts.loading import has_role, units_of
from portal.accounts.models import Role
from portal.templatetags.portal_ui import day, in_language, moment, with_unit
from reviews.experts import led_measures


def _items(count: int, cny) -> str:
    """``3 个项目，1,234.00 万元``."""
    return ngettext(
        "%(n)s 个项目，%(cny)s", "%(n)s 个项目，%(cny)s", count
    ) % {"n": count, "cny": with_unit(cny or Decimal(0))}  # fmt: skip


def _drafted(units):
    """Decisions and claw-backs that clerks of the units drafted, the oldest first: one query."""
    decisions = Decision.objects.filter(state=Decision.State.DRAFTED, call__lead_unit__in=units)
    claw_backs = ClawBack.objects.filter(
        state=ClawBack.State.DRAFTED, award__call__lead_unit__in=units
    )
    kind = CharField()
    return (
        decisions.order_by()
        .values(
            "uid",
            kind=Value("decision", output_field=kind),
            name=Concat("number", Value(" "), "title", output_field=kind),
            code=F("call__code"),
            by=F("drafted_by__name"),
            at=F("drafted_at"),
            sum_cny=Sum("items__approved_cny", default=Decimal(0)),
        )
        .union(
            claw_backs.order_by().values(
                "uid",
                kind=Value("claw_back", output_field=kind),
                name=F("award__organisation__name"),
                code=F("award__application__number"),
                by=F("drafted_by__name"),
                at=F("drafted_at"),
                sum_cny=F("amount_cny"),
            ),
            all=True,
        )
        .order_by("at", "uid")[: homes.SHOWN]
    )


def to_release(reader: homes.Reader) -> homes.Section | None:
    """Decisions and claw-backs that clerks of the head's lead unit drafted."""
    if not led_measures(reader.user):
        return None
    found = list(_drafted(units_of(reader.user, Role.HEAD)))
    if not found:
        return None
    kinds = {row["kind"] for row in found}
    decisions = "decision" in kinds
    titles = {
        True: _("待签发的立项决定") if kinds == {"decision"} else _("待签发的决定和追回"),
        False: _("待签发的追回"),
    }
    return homes.Section(
        code="decisions",
        title=titles[decisions],
        heads=[_("事项"), _("起草人"), _("下一步"), _("起草时间")],
        lines=[_drafted_line(row) for row in found],
        more_url=reverse("award_decision_list" if decisions else "award_clawback_list")
        + "?state=drafted",
        more=_("全部待签发决定") if decisions else _("全部待签发追回"),
    )


def _drafted_line(row: dict) -> homes.Line:
    decision = row["kind"] == "decision"
    return homes.Line(
        title=row["name"] if decision else _("追回 · %(name)s") % {"name": row["name"]},
        url=reverse(
            "award_decision_detail" if decision else "award_clawback_detail", args=[row["uid"]]
        ),
        hint=f"{row['code']} · {with_unit(row['sum_cny'])}",
        where=row["by"],
        next=_("核对后签发") if decision else _("核对事由和依据后签发"),
        state=moment(row["at"]),
        tone="plain",
    )


def to_sign(reader: homes.Reader) -> homes.Section:
    """Batches of payments that the head of finance signs."""
    drafted = access.batches_of(reader.user).filter(state=PaymentBatch.State.DRAFTED)
    found = list(
        drafted.select_related("drafted_by")
        .annotate(sum_cny=Sum("payments__amount_cny", default=Decimal(0)))
        .order_by("drafted_at", "pk")[: finance.LISTED]
    )
    url = reverse("award_finance_inbox")
    return homes.Section(
        code="sign",
        title=_("待签发的拨付表"),
        heads=[_("拨付表"), _("编制人"), _("下一步"), _("编制时间")],
        tallies=[homes.Tally(len(found), _("份待签发"), f"{url}#batches", "warn")],
        lines=[
            homes.Line(
                title=row.number,
                url=reverse("award_payment_detail", args=[row.uid]),
                hint=f"{in_language(row.call, 'title')} · {with_unit(row.sum_cny)}",
                where=row.drafted_by.name,
                next=_("本人编制，由另一位负责人签发")
                if row.drafted_by_id == reader.user.pk
                else _("核对账户和金额后签发"),
                state=moment(row.drafted_at),
                tone="plain",
            )
            for row in found[: homes.SHOWN]
        ],
        empty=homes.Empty(_("没有待签发的拨付表。")),
    )


def finance_work(reader: homes.Reader) -> homes.Section:
    """Decisions to confirm and money to pay, the soonest due first."""
    decisions = list(finance.listed_decisions()[: finance.LISTED])
    unpaid = list(finance.calls_due()[: finance.LISTED])
    is_clerk = has_role(reader.user, Role.FINANCE)
    lines = [
        homes.Line(
            title=f"{row.number} {row.title}",
            url=reverse("award_decision_detail", args=[row.uid]),
            hint=f"{row.call.code} · {_items(row.item_count, row.sum_cny)}",
            where=_("待财政确认"),
            next=_("核对资金来源后确认") if is_clerk else _("由财政经办确认"),
            due=due(reader, row.due_on) if row.due_on else None,
        )
        for row in decisions
    ]
    lines += [
        homes.Line(
            title=in_language(row, "title"),
            url=reverse("award_payment_new" if is_clerk else "award_call", args=[row.uid]),
            hint=f"{row.code} · {_items(row.award_count, row.sum_cny)}",
            where=_("待拨付"),
            next=_("编制拨付表") if is_clerk else _("由财政经办编制拨付表"),
            due=due(reader, row.due_on) if row.due_on else None,
        )
        for row in unpaid
    ]
    lines.sort(key=lambda line: line.due.on if line.due and line.due.on else date.max)
    url = reverse("award_finance_inbox")
    return homes.Section(
        code="finance",
        title=_("确认与拨付"),
        heads=[_("决定或批次"), _("环节"), _("下一步"), _("办理期限")],
        tallies=[
            homes.Tally(
                len(decisions),
                ngettext("份决定待确认", "份决定待确认", len(decisions)),
                f"{url}#decisions",
                "warn",
            ),
            homes.Tally(
                len(unpaid),
                ngettext("个批次待拨付", "个批次待拨付", len(unpaid)),
                f"{url}#due",
                "warn",
            ),
        ],
        lines=lines[: homes.SHOWN],
        total=len(lines),
        empty=homes.Empty(
            _("没有待确认的决定和待拨付的款项。"), reverse("award_caps"), _("查看额度与拨付")
        ),
        more_url=url,
        more=_("打开财政待办"),
    )


def bounced(reader: homes.Reader) -> homes.Section | None:
    """Transfers that came back."""
    found = list(finance.bounced()[: finance.LISTED])
    if not found:
        return None
    url = reverse("award_finance_inbox")
    return homes.Section(
        code="bounced",
        title=_("退汇"),
        heads=[_("收款单位"), _("退汇原因"), _("下一步"), _("退汇日期")],
        tallies=[
            homes.Tally(
                len(found),
                ngettext("笔退汇待重新拨付", "笔退汇待重新拨付", len(found)),
                f"{url}#bounced",
                "bad",
            )
        ],
        lines=[
            homes.Line(
                title=row.award.organisation.name,
                url=reverse("award_detail", args=[row.award.uid]),
                hint=f"{row.award.application.number} · {with_unit(row.amount_cny)}",
                where=row.note,
                next=_("核对账户后重新拨付"),
                state=day(row.bounced_on),
                tone="warn",
            )
            for row in found[: homes.SHOWN]
        ],
    )


def openings(reader: homes.Reader) -> homes.Section | None:
    """Opening balances that another administrator entered."""
    waiting = Opening.objects.filter(state=Opening.State.DRAFTED).exclude(drafted_by=reader.user)
    found = list(
        waiting.select_related("measure", "organisation", "drafted_by").order_by(
            "drafted_at", "pk"
        )[: homes.SHOWN]
    )
    if not found:
        return None
    return homes.Section(
        code="openings",
        title=_("待复核的期初登记"),
        heads=[_("受支持单位"), _("登记人"), _("下一步"), _("登记时间")],
        lines=[
            homes.Line(
                title=row.organisation.name,
                url=reverse("award_opening_detail", args=[row.uid]),
                hint=f"{row.measure.line} · {row.document_no} · {with_unit(row.amount_cny)}",
                where=row.drafted_by.name,
                next=_("对照依据文件复核"),
                state=moment(row.drafted_at),
                tone="plain",
            )
            for row in found
        ],
        more_url=reverse("award_opening_list") + "?state=drafted",
        more=_("全部待复核登记"),
    )


def claw_backs(reader: homes.Reader) -> homes.Section | None:
    """Claw-backs whose money has not come back, the soonest due first."""
    found = list(
        ClawBack.objects.filter(state=ClawBack.State.RELEASED)
        .select_related("award__application", "award__organisation")
        .defer("award__trace", "award__application__computation")
        .order_by("due_on", "pk")[: homes.SHOWN]
    )
    if not found:
        return None
    return homes.Section(
        code="claw-backs",
        title=_("追回"),
        heads=[_("单位"), _("环节"), _("下一步"), _("缴回期限")],
        lines=[_claw_back_line(reader, row) for row in found],
        more_url=reverse("award_clawback_list") + "?state=released",
        more=_("全部待缴回"),
    )


def _until(reader: homes.Reader, row: ClawBack) -> dict:
    """The day by which it is to be repaid: one that was set, not one counted in working days."""
    if row.due_on < reader.today:
        return {"state": _("已逾期，%(day)s") % {"day": day(row.due_on)}, "tone": "bad"}
    return {"state": day(row.due_on), "tone": "plain"}


def _claw_back_line(reader: homes.Reader, row: ClawBack) -> homes.Line:
    return homes.Line(
        title=row.award.organisation.name,
        url=reverse("award_clawback_detail", args=[row.uid]),
        hint=f"{row.award.application.number} · {with_unit(row.outstanding_cny)}",
        where=row.get_state_display(),
        next=_("到款后登记缴回")
        if has_role(reader.user, Role.FINANCE)
        else _("由财政经办登记缴回"),
        **_until(reader, row),
    )
