"""Forms of the reviewing pages. What is allowed is the verbs'; forms read and keep what was typed."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from policy.money import NotMoney, cny
from portal import clock
from reviews import conflicts
from reviews.consulting import given_mark
from reviews.models import CheckItem, Finding, Objection, Opinion, PublicNotice, Selection
from reviews.recommending import Visit


def words_area(rows: int = 4) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ActForm(forms.Form):
    """An act on a case: what its page showed of the case comes back with it."""

    seen = forms.IntegerField(widget=forms.HiddenInput)


class BatchForm(forms.Form):
    """An act on several cases: what is told of all of them alike, if anything."""


class BatchRecommendForm(BatchForm):
    opinion = forms.CharField(
        label=_("推荐意见"),
        help_text=_("写入每一件的推荐意见。"),
        max_length=2000,
        widget=words_area(4),
        error_messages={"required": _("请填写推荐意见。")},
    )


class BatchConsentForm(BatchForm):
    text = forms.CharField(
        label=_("说明"),
        required=False,
        help_text=_("写入每一件的会商意见。"),
        max_length=2000,
        widget=words_area(3),
    )


class ReasonForm(ActForm):
    """An act that needs a reason, which the applicant reads."""

    reason = forms.CharField(
        label=_("理由"),
        help_text=_("将告知申报单位，请写明事实和依据。"),
        max_length=2000,
        widget=words_area(5),
        error_messages={"required": _("请填写理由。")},
    )


class RecommendForm(ActForm):
    opinion = forms.CharField(
        label=_("推荐意见"),
        max_length=2000,
        widget=words_area(4),
        error_messages={"required": _("请填写推荐意见。")},
    )
    how = forms.ChoiceField(
        label=_("核查方式"),
        choices=[("visit", _("实地核查")), ("papers", _("书面核查"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择核查方式。")},
    )
    visited_on = forms.DateField(
        label=_("核查日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("请填写有效日期。")},
    )
    visitors = forms.CharField(
        label=_("核查人员"), required=False, max_length=120, help_text=_("至少两人。")
    )
    record = forms.CharField(
        label=_("核查记录"),
        required=False,
        max_length=4000,
        help_text=_("场地、设备、人员与申报内容是否一致。"),
        widget=words_area(4),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("visited_on", "visitors", "record"):
            self.fields[name].mark = _("（实地核查必填）")

    def clean(self):
        found = super().clean()
        if found.get("how") == "visit":
            for name, text in (
                ("visited_on", _("请填写核查日期。")),
                ("visitors", _("请填写核查人员。")),
                ("record", _("请填写核查记录。")),
            ):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, text)
            if (day := found.get("visited_on")) and day > clock.today():
                self.add_error("visited_on", _("核查日期不能晚于今天。"))
        return found

    @property
    def visit(self) -> Visit | None:
        found = self.cleaned_data
        if found["how"] != "visit":
            return None
        return Visit(found["visited_on"], found["visitors"], found["record"])


class OpinionForm(ActForm):
    given = forms.CharField(required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=_("会商意见"),
        choices=[
            (value, Opinion.Outcome(value).label) for value in ("no_objection", "objection", "veto")
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择会商意见。")},
    )
    text = forms.CharField(
        label=_("说明"),
        required=False,
        max_length=2000,
        help_text=_("有异议或否决的，须写明事实和依据。"),
        widget=words_area(5),
    )

    def clean(self):
        found = super().clean()
        if found.get("outcome") in {"objection", "veto"} and not found.get("text"):
            self.add_error("text", _("请写明事实和依据。"))
        return found


class ConcludeForm(ActForm):
    """The answers to objections, one field for each."""

    def __init__(self, *args, opinions=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.opinions = list(opinions)
        for opinion in self.opinions:
            self.fields[f"answer_{opinion.uid}"] = forms.CharField(
                label=_("对{unit}意见的处理").format(unit=opinion.unit.name),
                help_text=opinion.text,
                initial=opinion.answer,
                max_length=2000,
                widget=words_area(3),
                error_messages={"required": _("请写明处理意见。")},
            )
            self.fields[f"given_{opinion.uid}"] = forms.CharField(
                required=False, initial=given_mark(opinion), widget=forms.HiddenInput
            )

    def clean(self):
        """An answer is to the words that the page showed; where they are others now, they are read
        first."""
        for opinion in self.opinions:
            name, mark = f"given_{opinion.uid}", given_mark(opinion)
            if self.data.get(name, mark) != mark:
                told = _("内容在您打开之后已被他人修改，请重新打开后再办理。")
                self.add_error(f"answer_{opinion.uid}", told)
                self.data = {**{field: self.data[field] for field in self.data}, name: mark}
        return self.cleaned_data

    @property
    def answers(self) -> dict[str, str]:
        return {
            opinion.uid: self.cleaned_data[f"answer_{opinion.uid}"] for opinion in self.opinions
        }


class TickForm(forms.Form):
    """One item of the formal check."""

    result = forms.ChoiceField(choices=CheckItem.Result.choices)
    note = forms.CharField(required=False, max_length=500)
    attachment = forms.CharField(required=False, max_length=12)
    page = forms.IntegerField(required=False, min_value=1, max_value=9999)


class FindingForm(forms.Form):
    key = forms.CharField(max_length=200, widget=forms.HiddenInput)
    state = forms.ChoiceField(
        choices=[pair for pair in Finding.State.choices if pair[0] != "open"],
        error_messages={"required": _("请选择属实或排除。")},
    )
    reason = forms.CharField(max_length=500, error_messages={"required": _("请写明核实情况。")})


class NoteForm(forms.Form):
    """A note to the drafter (退回), or a reason on record."""

    note = forms.CharField(
        label=_("退回理由"),
        max_length=500,
        widget=words_area(3),
        error_messages={"required": _("请填写退回理由。")},
    )


class DiscardForm(NoteForm):
    """Why a draft is discarded."""

    note = forms.CharField(
        label=_("作废理由"),
        max_length=500,
        widget=words_area(3),
        error_messages={"required": _("请填写作废理由。")},
    )


class NominationForm(forms.Form):
    """A list of organisations that the unit nominates, pasted from a table."""

    basis = forms.CharField(
        label=_("数据来源"),
        max_length=300,
        help_text=_("例如：2026 年保险机构报送的保单数据、高新技术企业名单。告知各单位。"),
    )
    text = forms.CharField(
        label=_("受益名单"),
        max_length=100_000,
        help_text=_("每行一家，可从 Excel 复制粘贴；列的顺序见上表，以制表符或逗号分隔。"),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "input-rows"}),
    )


class YuanField(forms.CharField):
    """An amount in 元, as typed; cleans to Decimal."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {
        "not_a_number": _("请填写数字。"),
        "negative": _("金额不能为负。"),
        "too_fine": _("金额精确到分。"),
        "too_large": _("金额过大。"),
    }

    def prepare_value(self, value):
        return f"{value:.2f}" if isinstance(value, Decimal) else value

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return cny(text.replace(",", "").replace("，", "").strip())
        except NotMoney as wrong:
            raise ValidationError(self.error_messages[wrong.reason], code=wrong.reason) from None


class VerificationForm(ActForm):
    """The whole of a verification; the rows are posted beside it, by invoice."""

    note = forms.CharField(
        label=_("核定说明"),
        required=False,
        max_length=2000,
        help_text=_("审签后告知申报单位。"),
        widget=words_area(3),
    )
    base = YuanField(required=False)
    audit_report = forms.ChoiceField(label=_("专项审计报告"), required=False)

    field_order = ("base", "note", "audit_report")

    def __init__(
        self, *args, reports=(), base_label=None, base_unit=None, base_required=False, **kwargs
    ):
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, Any]] = [("", _("不引用"))]
        self.fields["audit_report"].choices = choices + [(row.uid, row.name) for row in reports]
        if base_label is None:
            del self.fields["base"]
        else:
            self.fields["base"].label = str(base_label)
            self.fields["base"].required = base_required
            if base_unit is not None:
                self.fields["base"].unit, self.fields["base"].money_unit = str(base_unit), ""


class ExpertForm(forms.Form):
    email = forms.EmailField(
        label=_("专家账号（电子邮箱）"),
        help_text=_("须为已启用、具有评审专家角色的账号；账号由账户管理员开通。"),
    )
    employer = forms.CharField(label=_("工作单位"), max_length=120)
    employer_uscc = forms.CharField(
        label=_("单位统一社会信用代码"),
        max_length=18,
        required=False,
        help_text=_("用于自动识别与申报单位的回避关系。"),
    )
    title = forms.CharField(label=_("职称"), max_length=60, required=False)
    fields_ = forms.MultipleChoiceField(
        label=_("领域"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选择一个领域。")},
    )
    active = forms.BooleanField(label=_("可以抽取"), required=False, initial=True)

    def __init__(self, *args, known: dict, is_new: bool, **kwargs):
        super().__init__(*args, **kwargs)
        chosen = cast(forms.MultipleChoiceField, self.fields["fields_"])
        chosen.choices = [(code, str(label)) for code, label in known.items()]
        del self.fields["active" if is_new else "email"]


class DrawForm(forms.Form):
    title = forms.CharField(label=_("专家组名称"), max_length=120, required=False)
    cases = forms.MultipleChoiceField(
        label=_("评审项目"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选择一个项目。")},
    )

    def __init__(self, *args, cases=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cases"].choices = [
            (case.uid, f"{case.number} {case.organisation.name} {case.title}") for case in cases
        ]


class ConflictForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("回避情形"),
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择回避情形。")},
    )
    note = forms.CharField(label=_("说明"), required=False, max_length=280, widget=words_area(3))

    KINDS = {
        "same_unit": _("同一单位或有人事关系"),
        "co_project": _("三年内有项目合作"),
        "shareholding": _("持有股份或有经济利益"),
        "competitor": _("存在竞争关系"),
        "kin": _("亲属关系"),
        "other": _("其他可能影响公正的情形"),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, self.KINDS[code]) for code in conflicts.DECLARED]

    def clean(self):
        found = super().clean()
        if found.get("kind") == "other" and not found.get("note"):
            self.add_error("note", _("请说明情形。"))
        return found


class SelectionForm(forms.ModelForm):
    class Meta:
        model = Selection
        fields = ("title", "met_on", "minutes")
        widgets = {
            "met_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "minutes": words_area(4),
        }
        error_messages = {
            "title": {"required": _("请填写会议名称。")},
            "met_on": {"required": _("请填写会议日期。"), "invalid": _("请填写有效日期。")},
        }


class NoticeForm(forms.ModelForm):
    class Meta:
        model = PublicNotice
        fields = ("title", "text", "contact")
        labels = {"title": _("公示标题"), "text": _("公示正文"), "contact": _("受理异议的联系方式")}
        widgets = {"text": words_area(6)}
        help_texts = {
            "text": _("名单由系统附在正文之后，只列编号、项目、单位、推荐单位和拟支持金额。"),
            "contact": _("处室、电话、地址；不写个人姓名。"),
        }


class ObjectionForm(forms.ModelForm):
    class Meta:
        model = Objection
        fields = ("signed_as", "signatory", "contact", "text")
        labels = {
            "signatory": _("姓名或单位名称"),
            "contact": _("联系电话或电子邮箱"),
            "text": _("异议内容和依据"),
        }
        widgets = {"signed_as": forms.RadioSelect, "text": words_area(8)}
        help_texts = {
            "signatory": _("异议须实名提出；您的姓名和联系方式只供办理单位核实，不对外公开。"),
        }
        error_messages = {
            "signatory": {"required": _("请署真实姓名或单位名称。")},
            "contact": {"required": _("请留联系电话或电子邮箱。")},
            "text": {"required": _("请写明异议内容和依据。")},
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["text"].max_length = 5000
        self.fields["text"].widget.attrs["maxlength"] = 5000


class DecisionForm(forms.Form):
    """The proposed conclusion of an objection."""

    upheld = forms.ChoiceField(
        label=_("拟作结论"),
        choices=[("no", _("异议不成立，恢复公示")), ("yes", _("异议成立，取消拟支持"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择结论。")},
    )
    conclusion = forms.CharField(
        label=_("核实情况和结论"),
        max_length=4000,
        widget=words_area(6),
        error_messages={"required": _("请写明核实情况和结论。")},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)
