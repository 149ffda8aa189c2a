"""Forms of decisions, payments, withdrawals and confirmations. Amounts are typed in 万元."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from awards.finance import MAX_SOURCE_CHARS
from awards.models import Award, ClawBack, Decision
from awards.picking import Row
from awards.picking_views import Picker
from policy.forms import WanField, WholeField
from portal import clock
from portal.accounts.models import Organisation
from portal.accounts.uscc import clean_uscc
from portal.templatetags.portal_ui import with_unit
from reviews.models import SelectionItem


class Plain(forms.Form):
    """A form whose tag and token the template writes."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.use_required_attribute = False
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class TypedConfirmation(Plain):
    """An act that cannot be undone: the person types what it is about."""

    confirmation = forms.CharField(
        max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args, expected: str, **options):
        super().__init__(*args, **options)
        self.expected = expected
        self.fields["confirmation"].label = gettext("请输入“%(expected)s”以确认") % {
            "expected": expected
        }

    def clean_confirmation(self):
        typed = self.cleaned_data["confirmation"].strip()
        if typed != self.expected:
            raise ValidationError(
                gettext("输入的内容与“%(expected)s”不一致。") % {"expected": self.expected}
            )
        return typed


class ReasonForm(Plain):
    reason = forms.CharField(
        label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class WithdrawForm(TypedConfirmation):
    """撤回申报: a reason, and the number typed."""

    reason = forms.CharField(
        label=_("撤回理由"),
        help_text=_("将记入办理记录，并告知牵头单位。"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ["reason", "confirmation"]


class CancelForm(WithdrawForm):
    """取消拟支持, as the lead unit's head."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["reason"].label = gettext("取消理由")
        self.fields["reason"].help_text = gettext("将记入办理记录，并告知申报单位。")


class SourceForm(Plain):
    funding_source = forms.CharField(
        label=_("资金来源"),
        help_text=_("例如：2026年度市级科技专项资金。"),
        max_length=MAX_SOURCE_CHARS,
    )


def day_field(**options) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "input-date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, **options)


class DayForm(Plain):
    on = day_field(label=_("日期"))

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["on"].initial = clock.today()


class ArrivedForm(DayForm):
    """到账: the day on which the payee had it."""


class BouncedForm(DayForm):
    """退汇: the day, and what the bank says."""

    reason = forms.CharField(label=_("退汇原因"), max_length=300)


class Pickable(Plain):
    """Rows to choose from, each with a box; with an amount where ``amounts`` is set.

    ``rows()`` pairs each object with its bound fields, for the template's table.
    """

    amounts = False

    def __init__(
        self,
        *args,
        objects: Sequence,
        chosen: dict[str, Decimal] | None = None,
        **options,
    ):
        super().__init__(*args, **options)
        # The rows are laid out by the template's table, what else there is by crispy.
        self.helper.layout = Layout(*self.fields)
        self.objects = list(objects)
        for thing in self.objects:
            key = self.key(thing)
            box = forms.BooleanField(required=False, label=self.name(thing))
            box.initial = chosen is None or key in chosen
            box.widget.attrs |= {"class": "form-check-input", "aria-label": box.label}
            self.fields[f"pick_{key}"] = box
            if self.amounts:
                amount = WanField(required=False, label=self.amount_label(thing))
                amount.initial = (chosen or {}).get(key, self.most(thing))
                amount.widget.attrs |= {
                    "class": "form-control input-number",
                    "aria-label": amount.label,
                }
                self.fields[f"amount_{key}"] = amount

    def key(self, thing) -> str:
        return thing.uid

    def name(self, thing) -> str:
        raise NotImplementedError

    def most(self, thing) -> Decimal:
        raise NotImplementedError

    def amount_label(self, thing) -> str:
        return gettext("%(name)s 的金额（万元）") % {"name": self.name(thing)}

    def rows(self):
        for thing in self.objects:
            key = self.key(thing)
            amount = self[f"amount_{key}"] if self.amounts else None
            yield thing, self[f"pick_{key}"], amount

    def clean(self):
        values = super().clean()
        found = self.found()
        if self.objects and not found and not self.chosen_elsewhere():
            raise ValidationError(gettext("请至少选择一项。"))
        for thing in found if self.amounts else []:
            name, most = f"amount_{self.key(thing)}", self.most(thing)
            if name in self.errors:
                continue
            amount = values.get(name)
            if most == 0 and not amount:
                continue  # recognised without money
            if amount is None or amount <= 0:
                self.add_error(name, gettext("请填写大于 0 的金额。"))
            elif amount > most:
                self.add_error(
                    name,
                    gettext("不超过 %(most)s。") % {"most": with_unit(most)},
                )
        return values

    def found(self) -> list:
        """The objects that are ticked here."""
        return [thing for thing in self.objects if self.cleaned_data.get(f"pick_{self.key(thing)}")]

    def chosen_elsewhere(self) -> bool:
        return False

    def picked(self) -> dict:
        """Each chosen object with its amount (None without amounts)."""
        return {thing: self.cleaned_data.get(f"amount_{self.key(thing)}") for thing in self.found()}


class PickedByPage(Pickable):
    """One page of the rows of a ``Picker``: what is ticked on the other pages, or all that the
    filter shows, counts as chosen too."""

    def __init__(self, *args, picker: Picker, **options):
        self.picker = picker
        super().__init__(
            *args,
            objects=picker.shown,
            chosen={row.key: picker.tray.amount(row) for row in picker.ticked},
            **options,
        )
        for row in self.objects if self.amounts else []:
            self.fields[f"amount_{row.key}"].initial = picker.tray.amount(row)

    def key(self, thing: Row) -> str:
        return thing.key

    def name(self, thing: Row) -> str:
        return thing.number

    def most(self, thing: Row) -> Decimal:
        return thing.offered_cny

    def found(self) -> list:
        return self.objects if self.picker.tray.whole else super().found()

    def chosen_elsewhere(self) -> bool:
        return bool(self.picker.tray.whole or self.picker.tray.ticked)

    def only_amounts(self) -> None:
        """Where a page is turned, words may still be missing; amounts that cannot be read stop it."""
        for name in [name for name in self.errors if not name.startswith("amount_")]:
            del self.errors[name]

    def rows(self):
        for row, box, amount in super().rows():
            if row.blocked:
                box.field.disabled, box.field.initial = True, False
            yield row, box, amount


class DecisionForm(PickedByPage):
    """A decision: number, title, text, and the awards with what is approved of each."""

    amounts = True
    number = forms.CharField(
        label=_("文号"), help_text=_("例如：宁科〔2026〕88号。"), max_length=60
    )
    title = forms.CharField(label=_("标题"), max_length=160)
    text = forms.CharField(
        label=_("正文"),
        help_text=_("每段一行；支持项目的名单和金额由系统附后。"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args, decision: Decision | None = None, **options):
        if decision is not None:
            written = {name: getattr(decision, name) for name in ("number", "title", "text")}
            options["initial"] = written | (options.get("initial") or {})
        super().__init__(*args, **options)


class PaymentForm(PickedByPage):
    """A batch: the awards whose next instalment goes out."""

    def name(self, thing: Row) -> str:
        share = thing.thing.share
        return thing.number if share is None else f"{thing.number} {share.name}"


class PromotionForm(Pickable):
    """递补: cases of the waiting list with the amount recommended for each."""

    amounts = True
    title = forms.CharField(label=_("会议名称"), max_length=120)
    met_on = day_field(label=_("会议日期"))
    minutes = forms.CharField(
        label=_("会议纪要"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def key(self, thing: SelectionItem) -> str:
        return thing.application.uid

    def name(self, thing: SelectionItem) -> str:
        return str(thing.application.number)

    def most(self, thing: SelectionItem) -> Decimal:
        from reviews.selecting import most_cny

        return most_cny(thing.application)


class OpeningForm(Plain):
    """期初: a grant of the time before the portal. ``wanted``: scope → what tells it apart."""

    uscc = forms.CharField(
        label=_("统一社会信用代码"), help_text=_("受支持单位须已在本系统注册。"), max_length=18
    )
    document_no = forms.CharField(
        label=_("依据文号"), help_text=_("例如：宁科〔2023〕12号。"), max_length=120
    )
    granted_on = day_field(label=_("批准日期"))
    year = WholeField(label=_("计入年度"), max_length=4)
    amount_cny = WanField(label=_("批准金额"), help_text=_("没有资金的认定填 0。"))
    places = forms.TypedChoiceField(
        label=_("占用名额"),
        help_text=_("只支持一次的对象，占用后不能再次支持。"),
        choices=[("1", _("占用一个名额")), ("0", _("不占用名额"))],
        coerce=int,
        widget=forms.RadioSelect,
        initial="1",
    )
    note = forms.CharField(label=_("备注"), required=False, max_length=300)

    def __init__(self, *args, wanted: Mapping[str, str], **options):
        super().__init__(*args, **options)
        self.scopes = {f"subject_{scope}": scope for scope in wanted}
        subjects = {
            name: forms.CharField(
                label=wanted[scope],
                help_text=gettext("与该单位今后申报时填写的一致，上限和名额按此累计。"),
                max_length=200,
            )
            for name, scope in self.scopes.items()
        }
        uscc = self.fields.pop("uscc")
        self.fields = {"uscc": uscc} | subjects | self.fields
        self.fields["amount_cny"].money_unit = "wan"  # type: ignore[attr-defined]

    def clean_uscc(self):
        code = clean_uscc(self.cleaned_data["uscc"])
        self.organisation = Organisation.objects.filter(uscc=code).first()
        if self.organisation is None:
            raise ValidationError(gettext("没有单位以此代码注册。请核对，或请该单位先注册。"))
        return code

    def clean_year(self):
        year, this = self.cleaned_data["year"], clock.today().year
        if year is not None and not 2000 <= year <= this:
            raise ValidationError(gettext("年度须在 2000 至 %(this)s 之间。") % {"this": this})
        return year

    def values(self) -> dict:
        """What ``openings.draft`` takes."""
        names = ("document_no", "granted_on", "year", "amount_cny", "places", "note")
        return {name: self.cleaned_data[name] for name in names} | {
            "organisation": self.organisation,
            "subjects": {scope: self.cleaned_data[name] for name, scope in self.scopes.items()},
        }


class ClawBackForm(Plain):
    """追回: how much, why, under which rule, until when."""

    amount_cny = WanField(label=_("追回金额"))
    reason = forms.CharField(
        label=_("事由"),
        help_text=_("写入通知书，申报单位可见：查明的事实和证据。"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    legal_base = forms.CharField(
        label=_("法律或政策依据"),
        help_text=_("文件名称和条款，例如：《财政违法行为处罚处分条例》第十四条。"),
        max_length=300,
    )
    due_on = day_field(label=_("缴回期限"))
    frees_place = forms.TypedChoiceField(
        label=_("名额"),
        help_text=_("撤销支持的，缴清后名额按本批规定释放。"),
        choices=[("no", _("保留名额")), ("yes", _("撤销支持，退出名额"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="no",
    )

    def __init__(self, *args, award: Award, **options):
        super().__init__(*args, **options)
        amount: Any = self.fields["amount_cny"]
        amount.initial, amount.money_unit = award.paid_cny, "wan"
        amount.help_text = gettext("已拨付 %(paid)s；可追回全部或一部分。") % {
            "paid": with_unit(award.paid_cny)
        }


class RepaymentForm(Plain):
    """缴回: what came back, when, by which voucher."""

    amount_cny = WanField(label=_("缴回金额"))
    on = day_field(label=_("缴回日期"))
    reference = forms.CharField(label=_("缴款凭证号"), max_length=120)

    def __init__(self, *args, claw_back: ClawBack, **options):
        super().__init__(*args, **options)
        self.fields["amount_cny"].initial = claw_back.outstanding_cny
        self.fields["amount_cny"].money_unit = "wan"  # type: ignore[attr-defined]
        self.fields["on"].initial = clock.today()


class ReceiptForm(Plain):
    """付款回单: the bank's paper as a file."""

    file = forms.FileField(
        label=_("回单文件"),
        help_text=_("PDF、JPG 或 PNG，不超过 10 MB。上传后申报单位可见。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )
