"""The homes' sections on people and organisations, and the auditor's."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import homes
from portal.accounts import locking, verifying
from portal.accounts.loading import organisation_of
from portal.accounts.models import Invitation, OrganisationStatus, User
from portal.audit import watching
from portal.templatetags.portal_ui import moment, moment_s

# The auditor's home looks back so many days.
WATCHED_DAYS = 7


def _due(reader: homes.Reader, on) -> homes.Due:
    return import_string(settings.DUE_OF)(reader, on)


# --- applicants -------------------------------------------------------------------------


def newcomer(reader: homes.Reader) -> homes.Section:
    """Whoever holds no role yet registers an organisation, or is invited."""
    return homes.Section(
        code="newcomer",
        title=_("加入单位"),
        empty=homes.Empty(
            _(
                "您还不属于任何单位。本单位已注册的，请联系单位管理员邀请您；尚未注册的，请先注册单位。"
            ),
            reverse("organisation_register"),
            _("注册单位"),
        ),
    )


def organisation(reader: homes.Reader) -> homes.Section | None:
    """The organisation's verification, while it is not done."""
    own = organisation_of(reader.user)
    if own is None or own.status == OrganisationStatus.VERIFIED:
        return None
    url = reverse("organisation_profile")
    pending = own.status == OrganisationStatus.PENDING
    line = homes.Line(
        title=own.name,
        url=url,
        hint=own.status_note,
        where=own.district.name if pending else _("本单位"),
        next=_("等待区核验，核验后可提交申报") if pending else _("按意见修改资料后重新提交"),
        due=_due(reader, own.due_on) if pending else None,
        state="" if pending else _("已退回"),
        tone="warn",
    )
    return homes.Section(
        code="organisation",
        title=_("单位核验"),
        heads=[_("单位"), _("办理单位"), _("下一步"), _("期限")],
        lines=[line],
        more_url=url,
        more=_("单位资料"),
    )


# --- districts --------------------------------------------------------------------------


def verification(reader: homes.Reader) -> homes.Section:
    """Organisations that wait for the reader's district, the soonest due first."""
    waiting = verifying.queue(reader.user)
    found = waiting.order_by(F("due_on").asc(nulls_last=True), "pk")[: homes.SHOWN]
    url = reverse("organisation_queue")
    counts = verifying.queue_counts(reader.user, today=reader.today)
    return homes.Section(
        code="verification",
        title=_("单位核验"),
        heads=[_("单位"), _("性质"), _("下一步"), _("办理期限")],
        tallies=[
            homes.Tally(counts["overdue"], _("家已超期"), f"{url}?status=overdue", "bad"),
            homes.Tally(counts["waiting"], _("家待核验"), url),
        ],
        lines=[
            homes.Line(
                title=row.name,
                url=reverse("organisation_check", args=[row.uid]),
                hint=row.uscc,
                where=row.get_kind_display(),
                next=_("核对证照后核验或退回"),
                due=_due(reader, row.due_on),
            )
            for row in found
        ],
        total=counts["waiting"],
        empty=homes.Empty(_("没有待核验的单位。新注册和重新提交的单位列在这里。")),
        more_url=url,
        more=_("打开核验列表"),
    )


# --- account administrators -------------------------------------------------------------


def overdue(reader: homes.Reader) -> homes.Section:
    """Organisations that a district has not verified in time."""
    late = verifying.overdue(today=reader.today)
    count = late.count()
    url = reverse("organisation_overdue")
    return homes.Section(
        code="overdue",
        title=_("超期未核验的单位"),
        heads=[_("单位"), _("核验单位"), _("下一步"), _("办理期限")],
        tallies=[homes.Tally(count, _("家超期未核验"), url, "bad")],
        lines=[
            homes.Line(
                title=row.name,
                url=url,
                hint=row.uscc,
                where=row.district.name,
                next=_("联系该区督办（%(phone)s）") % {"phone": row.district.service_phone}
                if row.district.service_phone
                else _("联系该区督办"),
                due=_due(reader, row.due_on),
            )
            for row in late.select_related("district")[: homes.SHOWN]
        ],
        total=count,
        more_url=url,
        more=_("打开超期列表"),
        empty=homes.Empty(_("各区均在期限内核验。")),
    )


def people(reader: homes.Reader) -> homes.Section:
    """Invitations that nobody took up, and accounts that are locked now."""
    open_ones = Invitation.objects.filter(
        organisation__isnull=True, accepted_at__isnull=True, revoked_at__isnull=True
    )
    gone = Q(expires_at__lte=reader.at)
    found = list(open_ones.select_related("unit").order_by("expires_at", "pk")[: homes.SHOWN])
    counts = {"open": open_ones.exclude(gone).count(), "expired": open_ones.filter(gone).count()}
    locked = User.objects.filter(locking.is_locked(at=reader.at)).count()
    url = reverse("invitation_list")
    return homes.Section(
        code="people",
        title=_("邀请与账户"),
        heads=[_("受邀人"), _("角色"), _("下一步"), _("有效期至")],
        tallies=[
            homes.Tally(
                counts["expired"],
                ngettext("份邀请已过期", "份邀请已过期", counts["expired"]),
                f"{url}?state=expired",
                "warn",
            ),
            homes.Tally(
                counts["open"],
                ngettext("份邀请待接受", "份邀请待接受", counts["open"]),
                f"{url}?state=open",
            ),
            homes.Tally(
                locked,
                ngettext("个账户被锁定", "个账户被锁定", locked),
                f"{reverse('user_list')}?state=locked",
                "warn",
            ),
        ],
        lines=[
            homes.Line(
                title=row.name or row.email,
                url=f"{url}?state={'expired' if row.expires_at <= reader.at else 'open'}",
                hint=row.email if row.name else "",
                where=f"{row.unit.name if row.unit else ''} {row.get_role_display()}".strip(),
                next=_("重发或撤回") if row.expires_at <= reader.at else _("等待对方接受"),
                state=moment(row.expires_at),
                tone="warn" if row.expires_at <= reader.at else "plain",
            )
            for row in found
        ],
        total=counts["expired"] + counts["open"],
        empty=homes.Empty(_("没有未接受的邀请。"), url, _("邀请人员")),
        more_url=url,
        more=_("邀请与导入"),
    )


# --- the auditor ------------------------------------------------------------------------


def chain(reader: homes.Reader) -> homes.Section:
    """Whether the log is whole: the last verification, the last anchor, the end of the chain."""
    state = watching.chain_state()
    checked, anchor = state["checked"], state["anchor"]
    url = reverse("audit_event_list")
    lines = [
        homes.Line(
            title=_("全链核验"),
            url=url,
            hint=_("%(at)s，至第 %(position)s 条")
            % {"at": moment(checked.at), "position": checked.position}
            if checked
            else _("尚未核验，请在审计日志页核验全链。"),
            state=_("有异常")
            if checked and checked.faults
            else _("无异常")
            if checked
            else _("缺"),
            tone="bad" if checked and checked.faults else "good" if checked else "warn",
        ),
        homes.Line(
            title=_("最近锚定"),
            url=url,
            hint=_("%(date)s，第 %(position)s 条")
            % {"date": anchor["date"], "position": anchor["position"]}
            if anchor
            else _("尚未锚定；每日自动锚定。"),
            state={True: _("相符"), False: _("不符")}.get(state["anchor_agrees"], _("缺")),
            tone={True: "good", False: "bad"}.get(state["anchor_agrees"], "warn"),
        ),
        homes.Line(
            title=_("日志末条"),
            url=url,
            hint=_("第 %(position)s 条 · %(hash)s…")
            % {"position": state["head"].position, "hash": state["head"].hash[:16]},
        ),
    ]
    note, tone = _judged(state)
    return homes.Section(
        code="chain",
        title=_("日志链"),
        note=note,
        tone=tone,
        heads=[_("事项"), "", "", _("结果")],
        lines=lines,
        more_url=url,
        more=_("打开审计日志"),
    )


def _judged(state: dict) -> tuple[str, str]:
    """The state of the chain in one sentence, and its tone."""
    checked = state["checked"]
    if checked and checked.faults:
        return _("最近一次核验发现 %(count)s 处异常，请立即查看审计日志。") % {
            "count": len(checked.faults)
        }, "bad"
    if state["anchor_agrees"] is False:
        return _("最近一次锚定与日志不符：日志可能被改动。请核验全链。"), "bad"
    if checked is None or state["check_overdue"]:
        return _("全链核验已超过 48 小时或尚未进行，请核验。"), "warn"
    return _("日志链完整，与最近锚定相符。"), "good"


def _unusual_word(action: str) -> str:
    """What an act out of the ordinary is called; its code where none of the kinds fits."""
    words = {
        "reveal": _("查看完整个人信息"),
        "export": _("导出"),
        "lock": _("登录失败锁定"),
        "unlock": _("评分解锁"),
        "disable": _("账户停用"),
    }
    kind = next((kind for kind, part in watching.UNUSUAL.items() if part in action), None)
    return words[kind] if kind else action


def unusual(reader: homes.Reader) -> homes.Section:
    """Acts out of the ordinary within the last days, the newest first."""
    since = reader.today - timedelta(days=WATCHED_DAYS - 1)
    counts = watching.unusual_counts(since=since)
    url = reverse("audit_event_list")
    n = counts
    labels = {
        "reveal": ngettext("次查看完整个人信息", "次查看完整个人信息", n["reveal"]),
        "export": ngettext("次导出", "次导出", n["export"]),
        "lock": ngettext("次登录失败锁定", "次登录失败锁定", n["lock"]),
        "unlock": ngettext("次评分解锁", "次评分解锁", n["unlock"]),
        "disable": ngettext("次停用账户", "次停用账户", n["disable"]),
    }
    found = watching.unusual(since=since)[: homes.SHOWN]
    return homes.Section(
        code="unusual",
        title=_("近 7 日需留意的操作"),
        heads=[_("操作"), _("办理人"), "", _("时间")],
        tallies=[
            homes.Tally(
                counts[code],
                label,
                f"{url}?action={watching.UNUSUAL[code]}&since={since.isoformat()}",
                "warn" if code == "lock" else "plain",
            )
            for code, label in labels.items()
        ],
        lines=[
            homes.Line(
                title=_unusual_word(row.action),
                url=reverse("audit_event_detail", args=[row.hash]),
                hint=f"{row.action} · {row.object_type} {row.object_id}",
                where=row.actor_label,
                state=moment_s(row.at),
                tone="plain",
            )
            for row in found
        ],
        empty=homes.Empty(
            _("近 7 日没有查看完整个人信息、导出、锁定等操作。"), url, _("查看全部记录")
        ),
    )
