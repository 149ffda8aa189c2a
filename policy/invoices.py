"""The 投入明细表: its columns, the same for every line, and an invoice as the rules see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from policy import answers
from policy.issues import Issue
from policy.schema import INVOICE_CATEGORIES, Choice, Field
from policy.text import Text

YUAN = Text("元", "CNY")

CATEGORY_LABELS = {
    "equipment": Text("设备购置", "Equipment"),
    "lease": Text("场地租赁", "Lease of premises"),
    "fit_out": Text("装修改造", "Fit-out and conversion"),
    "personnel": Text("人员", "Personnel"),
    "materials_testing": Text("材料测试", "Materials and testing"),
    "software": Text("软件信息化", "Software and information systems"),
    "ip": Text("知识产权", "Intellectual property"),
    "other": Text("其他", "Other"),
}
CATEGORIES = tuple(Choice(code, CATEGORY_LABELS[code]) for code in INVOICE_CATEGORIES)

# In the order of the table; "seller" is 供应商 and "seller_uscc" its code.
COLUMNS: tuple[Field, ...] = (
    Field("category", "choice", Text("类别", "Category"), required=True, choices=CATEGORIES),
    Field("name", "text", Text("名称", "Item"), required=True, max_length=100),
    Field("specification", "text", Text("规格", "Specification"), max_length=100),
    Field(
        "quantity",
        "decimal",
        Text("数量", "Quantity"),
        unit=Text("件/项", "pcs"),
        min=Decimal(0),
        decimals=4,
    ),
    Field("seller", "text", Text("供应商", "Supplier"), required=True, max_length=120),
    Field("seller_uscc", "uscc", Text("供应商信用代码", "Supplier's credit code")),
    Field("contract_no", "text", Text("合同号", "Contract no."), max_length=60),
    Field(
        "invoice_no",
        "text",
        Text("发票号码", "Invoice no."),
        required=True,
        max_length=20,
        pattern=r"\d{8}|\d{20}|[0-9A-Za-z-]{6,20}",
        pattern_hint=Text(
            "8 位或 20 位数字；其他票据 6 至 20 位字母、数字",
            "8 or 20 digits; other vouchers 6 to 20 letters and digits",
        ),
    ),
    Field("invoice_date", "date", Text("开票日期", "Invoice date"), required=True),
    Field("net_cny", "money", Text("不含税额", "Net amount"), unit=YUAN, required=True),
    Field("tax_cny", "money", Text("税额", "Tax"), unit=YUAN, required=True),
    Field("gross_cny", "money", Text("价税合计", "Total with tax"), unit=YUAN, required=True),
    Field("paid_on", "date", Text("付款日期", "Paid on")),
    Field("voucher_no", "text", Text("凭证号", "Voucher no."), max_length=40),
    Field("related_party", "bool", Text("关联交易", "Related party"), required=True),
    Field(
        "fiscal_percent",
        "percent",
        Text("财政资金占比", "Share of fiscal money"),
        unit=Text("%", "%"),
        required=True,
    ),
)
# What the reviewer adds: 核定额 and 核减原因.
REVIEW_COLUMNS: tuple[Field, ...] = (
    Field("verified_cny", "money", Text("核定额", "Verified amount"), unit=YUAN),
    Field("reduction_reason", "text", Text("核减原因", "Reason for the reduction"), max_length=200),
)
BY_CODE = {column.code: column for column in (*COLUMNS, *REVIEW_COLUMNS)}


@dataclass(frozen=True)
class Invoice:
    """What the rules need of a row. ``verified_cny`` is None until a reviewer gave it."""

    category: str
    invoice_date: date
    net_cny: Decimal
    tax_cny: Decimal
    gross_cny: Decimal
    related_party: bool = False
    fiscal_percent: Decimal = Decimal(0)
    verified_cny: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "category": self.category,
            "invoice_date": self.invoice_date.isoformat(),
            "net_cny": str(self.net_cny),
            "tax_cny": str(self.tax_cny),
            "gross_cny": str(self.gross_cny),
            "related_party": self.related_party,
            "fiscal_percent": str(self.fiscal_percent),
            "verified_cny": None if self.verified_cny is None else str(self.verified_cny),
        }


_NEEDED = {"category", "invoice_date", "net_cny", "tax_cny", "gross_cny"}
_KNOWN = tuple(field.name for field in fields(Invoice))


def read_invoices(rows: Iterable[Any]) -> tuple[list[Invoice], list[Issue]]:
    """The rows as invoices, and every issue with its row (from 1) and column."""
    invoices, issues = [], []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            issues.append(Issue("items", "not_a_list", row=number))
            continue
        values, wrong = _read_row(row, number)
        issues += wrong
        if not wrong:
            invoices.append(Invoice(**values))
    return invoices, issues


def _read_row(row: Mapping[str, Any], number: int) -> tuple[dict[str, Any], list[Issue]]:
    issues = [Issue(code, "unknown", row=number) for code in row if code not in _KNOWN]
    values: dict[str, Any] = {}
    for code in _KNOWN:
        try:
            value = answers.read(BY_CODE[code], row.get(code))
        except answers.AnswerRefused as refused:
            issues.append(Issue(code, refused.issue.code, refused.issue.facts, row=number))
            continue
        if value is not None:
            values[code] = value
        elif code in _NEEDED:
            issues.append(Issue(code, "required", row=number))
    return values, issues or _check_row(values, number)


def _check_row(values: Mapping[str, Any], number: int) -> list[Issue]:
    """价税合计 = 不含税额 + 税额; 核定额 ≤ 价税合计."""
    issues = []
    total = values["net_cny"] + values["tax_cny"]
    if values["gross_cny"] != total:
        facts = {"gross": values["gross_cny"], "sum": total}
        issues.append(Issue("gross_cny", "gross_mismatch", facts, row=number))
    verified = values.get("verified_cny")
    if verified is not None and verified > values["gross_cny"]:
        facts = {"value": verified, "gross": values["gross_cny"]}
        issues.append(Issue("verified_cny", "above_gross", facts, row=number))
    return issues
