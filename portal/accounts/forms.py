"""Forms of sign-in, organisations and administrators."""

from decimal import Decimal

from allauth.account.forms import SignupForm as AllauthSignupForm
from crispy_forms.helper import FormHelper
from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import clock
from portal.accounts import two_factor
from portal.accounts.models import (
    ORGANISATION_ROLES,
    UNIT_ROLES,
    Organisation,
    OrganisationKind,
    Role,
    Unit,
    User,
)
from portal.accounts.phones import validate_phone
from portal.accounts.staffing import ROLES as GRANTED_ROLES
from portal.accounts.uploads import KeptFileField, KeptFilesMixin
from portal.accounts.uscc import clean_uscc


def _helper() -> FormHelper:
    """The page writes the form's tag and its buttons."""
    helper = FormHelper()
    helper.form_tag = False
    return helper


def _date_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "input-date"})


class LineField(forms.CharField):
    """Text of one line: a line break in it is a space, however it came there."""

    def to_python(self, value):
        return " ".join(super().to_python(value).split())


class PlainForm(forms.Form):
    @property
    def helper(self) -> FormHelper:
        return _helper()


class SignupForm(AllauthSignupForm):
    """An applicant's account: a person, who registers an organisation or is invited into one."""

    name = LineField(label=gettext_lazy("姓名"), max_length=60)
    phone = forms.CharField(
        label=gettext_lazy("手机"), max_length=11, validators=[validate_phone],
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "tel-national"}),
    )  # fmt: skip
    field_order = ["name", "phone", "email", "password1", "password2"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["password1"].help_text = _(
            "至少 10 个字符，不能全是数字，不能是常见密码，不能与姓名、电子邮箱相近。"
        )

    def try_save(self, request):
        # An address that has an account takes as long to answer as one that has none.
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


# --- the organisation's profile ------------------------------------------------------


class OrganisationForm(KeptFilesMixin, forms.ModelForm):
    """A part of the profile. A subclass names its fields."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "district" in self.fields:
            self.fields["district"].queryset = Unit.objects.districts()
            self.fields["district"].empty_label = _("请选择")
            self.fields["district"].help_text = _(
                "按营业执照或法人证书上的注册地选择，由该区核验。"
            )
        for name in ("founded_on", "hightech_until"):
            if name in self.fields:
                self.fields[name].widget = _date_input()
        self.prepare_files(
            {name: _stored(self.instance, name) for name in self.kept_files if self.instance.pk}
        )

    @property
    def helper(self) -> FormHelper:
        return _helper()

    def clean_uscc(self) -> str:
        return clean_uscc(self.cleaned_data["uscc"])

    def clean_founded_on(self):
        founded_on = self.cleaned_data["founded_on"]
        if founded_on and founded_on > clock.today():
            raise forms.ValidationError(_("成立日期不能晚于今天。"))
        return founded_on

    def clean_bank_code(self) -> str:
        code = self.cleaned_data["bank_code"].replace(" ", "")
        if code and not (code.isascii() and code.isdigit() and len(code) == 12):
            raise forms.ValidationError(_("联行号是 12 位数字。"))
        return code

    def clean_bank_account(self) -> str:
        account = self.cleaned_data["bank_account"].replace(" ", "")
        if account and not (account.isascii() and account.isdigit() and 8 <= len(account) <= 32):
            raise forms.ValidationError(_("账号是 8 至 32 位数字。"))
        return account

    def clean_bank_account_name(self) -> str:
        name = self.cleaned_data["bank_account_name"].strip()
        if name and name != self.instance.name:
            raise forms.ValidationError(
                _("开户名须与单位名称“{name}”一致。").format(name=self.instance.name)
            )
        return name

    def clean(self):
        cleaned = super().clean()
        for name, value in cleaned.items():
            if isinstance(value, str):
                cleaned[name] = " ".join(value.split())
        self.clean_kept_files()
        staff, rd_staff = cleaned.get("staff_count"), cleaned.get("rd_staff_count")
        if staff is not None and rd_staff is not None and rd_staff > staff:
            self.add_error("rd_staff_count", _("研发人员数不能超过职工人数 {n}。").format(n=staff))
        return cleaned

    def _post_clean(self):
        """The verbs write the row: the instance stays as it was loaded."""

    def values(self) -> dict:
        """What the verb takes: every field of the form, files as (blob, name)."""
        return {
            name: value for name, value in self.cleaned_data.items() if not name.endswith("_kept")
        }


def _stored(organisation: Organisation, field: str):
    blob = getattr(organisation, field)
    return (blob, getattr(organisation, f"{field}_name")) if blob else None


class IdentityForm(OrganisationForm):
    licence = KeptFileField(label=gettext_lazy("法人证照"))
    authorisation = KeptFileField(label=gettext_lazy("授权书"))
    kept_files = {"licence": True, "authorisation": True}

    class Meta:
        model = Organisation
        fields = [
            "name", "uscc", "kind", "district", "founded_on", "legal_representative",
            "address", "contact_name", "contact_phone",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("founded_on", "address", "legal_representative", "contact_name",
                     "contact_phone"):  # fmt: skip
            self.fields[name].required = True
        self.fields["uscc"].help_text = _("18 位，见营业执照或法人证书。")
        self.fields["kind"].choices = [("", _("请选择")), *OrganisationKind.choices]
        # Spaces and small letters are forgiven: the code is brought into its one form.
        self.fields["uscc"].max_length = None
        self.fields["uscc"].validators = []
        self.fields["uscc"].widget.attrs.pop("maxlength", None)
        self.fields["contact_phone"].validators.append(validate_phone)
        self.fields["contact_phone"].widget.attrs["inputmode"] = "numeric"
        limits = _("PDF、JPG 或 PNG，不超过 10 MB。")
        self.fields["licence"].help_text = _("营业执照或事业单位法人证书。") + limits
        self.fields["authorisation"].help_text = _("单位授权您办理申报，须盖公章。") + limits


class BankForm(OrganisationForm):
    class Meta:
        model = Organisation
        fields = ["bank_account_name", "bank_name", "bank_account", "bank_code"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True
        self.fields["bank_account_name"].help_text = _("须与单位名称一致。")
        self.fields["bank_code"].help_text = _("12 位，可向开户行查询。")
        for name in ("bank_account", "bank_code"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"


class FiguresForm(OrganisationForm):
    class Meta:
        model = Organisation
        fields = [
            "registered_capital_cny", "revenue_cny", "rd_expense_cny", "staff_count",
            "rd_staff_count",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("registered_capital_cny", "revenue_cny", "rd_expense_cny"):
            self.fields[name].unit = _("元")
            self.fields[name].money_unit = "yuan"
            self.fields[name].min_value = Decimal(0)
        for name in ("staff_count", "rd_staff_count"):
            self.fields[name].unit = _("人")

    def clean(self):
        cleaned = super().clean()
        for name in ("registered_capital_cny", "revenue_cny", "rd_expense_cny"):
            value = cleaned.get(name)
            if value is not None and value < 0:
                self.add_error(name, _("金额不能为负。"))
        return cleaned


class QualificationsForm(OrganisationForm):
    class Meta:
        model = Organisation
        fields = ["hightech_number", "hightech_until", "specialised"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("hightech_number") and not cleaned.get("hightech_until"):
            self.add_error("hightech_until", _("请填写证书有效期。"))
        return cleaned


# Part of the profile → its form and its title; the order of the page.
PROFILE_PARTS: dict[str, tuple[type[OrganisationForm], str | Promise]] = {
    "identity": (IdentityForm, gettext_lazy("基本信息")),
    "bank": (BankForm, gettext_lazy("银行账户")),
    "figures": (FiguresForm, gettext_lazy("经营与人员")),
    "qualifications": (QualificationsForm, gettext_lazy("资质")),
}


# --- verification, members, invitations ------------------------------------------------


class ReasonForm(PlainForm):
    reason = forms.CharField(
        label=gettext_lazy("理由"), max_length=500, strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args, label=None, help_text="", **kwargs):
        super().__init__(*args, **kwargs)
        if label:
            self.fields["reason"].label = label
        self.fields["reason"].help_text = help_text


class SecondFactorResetForm(ReasonForm):
    """How the person's identity was checked, and why."""

    checked = forms.ChoiceField(
        label=gettext_lazy("身份核验方式"), choices=two_factor.CHECKS, widget=forms.RadioSelect
    )
    field_order = ["checked", "reason"]


class ColleagueForm(PlainForm):
    email = forms.EmailField(label=gettext_lazy("电子邮箱"))
    role = forms.ChoiceField(
        label=gettext_lazy("角色"),
        choices=[(role.value, role.label) for role in Role if role in ORGANISATION_ROLES],
        help_text=gettext_lazy("填报人填写申报书；单位管理员还可提交、邀请和移出成员。"),
    )


class AcceptForm(PlainForm):
    """An account for whoever was invited and has none yet."""

    name = LineField(label=gettext_lazy("姓名"), max_length=60)
    phone = forms.CharField(
        label=gettext_lazy("手机"), max_length=11, validators=[validate_phone],
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "tel-national"}),
    )  # fmt: skip
    password1 = forms.CharField(
        label=gettext_lazy("密码"), strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    password2 = forms.CharField(
        label=gettext_lazy("再输一遍密码"), strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args, email: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["password1"].help_text = _("至少 10 位，不能全是数字，不要用常见密码。")

    def clean(self):
        cleaned = super().clean()
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("两次输入的密码不一致。"))
        if first:
            person = User(email=self.email, name=cleaned.get("name", ""))
            try:
                password_validation.validate_password(first, person)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned


# --- account administrators --------------------------------------------------------------


class GrantForm(PlainForm):
    role = forms.ChoiceField(label=gettext_lazy("角色"))
    unit = forms.ModelChoiceField(
        label=gettext_lazy("所属单位"), queryset=Unit.objects.none(), required=False,
        to_field_name="code", empty_label=gettext_lazy("（不属于单位）"),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=300)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = Unit.objects.all()
        self.fields["role"].choices = [("", _("请选择"))] + [
            (role.value, role.label) for role in Role if role in GRANTED_ROLES
        ]

    def clean(self):
        cleaned = super().clean()
        role, unit = cleaned.get("role"), cleaned.get("unit")
        if role in UNIT_ROLES and unit is None and "unit" not in self.errors:
            self.add_error("unit", _("请选择单位。"))
        if role and role not in UNIT_ROLES and unit is not None:
            self.add_error("unit", _("这个角色不属于单位，请选“（不属于单位）”。"))
        return cleaned


class InviteStaffForm(GrantForm):
    email = forms.EmailField(label=gettext_lazy("电子邮箱"))
    name = LineField(label=gettext_lazy("姓名"), max_length=60)
    field_order = ["name", "email", "role", "unit"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["reason"]


class UnitForm(PlainForm):
    division = LineField(label=gettext_lazy("承办处室"), max_length=60, required=False)
    division_en = LineField(
        label=gettext_lazy("承办处室英文名称"), max_length=120, required=False,
        help_text=gettext_lazy("英文页面显示；未填写的显示中文名称。"),
    )  # fmt: skip
    service_phone = forms.RegexField(
        r"^[0-9+()\- ]{5,30}$", label=gettext_lazy("服务电话"), max_length=30, required=False,
        help_text=gettext_lazy("如 025-12345678。"),
        error_messages={"invalid": gettext_lazy("电话只含数字、空格、括号和连字符。")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )  # fmt: skip


class SheetForm(PlainForm):
    sheet = forms.FileField(
        label=gettext_lazy("人员名单（.xlsx）"),
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        help_text=gettext_lazy("按模板填写，最多 500 行，不超过 2 MB。"),
    )
