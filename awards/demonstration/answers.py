"""Plausible answers to any form, made from its definition and a seeded random.

``compose`` answers every field, table and invoice row of a form so that the form's own checks
hold (``fitting``) and the line's requirements are met; whatever the definition asks.
"""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Any

from applications.content import ASKED_FIELDS, Content
from awards.demonstration import fitting, vocabulary
from awards.demonstration.codes import credit_code, id_number
from policy.common_settings import PARTNERS
from policy.schema import Condition, DefinitionSchema, Field, InvoiceTable, Section, Table
from policy.schema.award import DEDUCTION_INPUTS

WAN = 10_000


@dataclass(frozen=True)
class Partner:
    name: str
    uscc: str
    address: str


@dataclass
class Project:
    """What a case is about: the facts that its answers share."""

    organisation: str
    topic: str
    title: str
    address: str
    leader: str
    # The size of its amounts: 1 is a middling one.
    scale: Decimal = Decimal(1)
    claimed_cny: Decimal = Decimal(0)
    # Who carries it out together, the applicant first; empty: whoever the form's table names.
    partners: tuple[Partner, ...] = ()


@dataclass
class Composed:
    """Answers by section, rows by the section of their table, invoice rows; in stored form."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    invoices: list[dict[str, Any]] = field(default_factory=list)


class Composer:
    """Answers one form for one case. The same random gives the same answers."""

    def __init__(self, content: Content, project: Project, *, random: Random, today: date):
        self.content, self.schema, self.project = content, content.schema, project
        self.random, self.today = random, today
        self.demanded = demanded(self.schema, content.settings)
        requirements = self.schema.eligibility.requirements
        self.wholly = {row.test.field for row in requirements if row.list_all}
        # Tables whose rows a field counts: an empty one would leave the field below its least.
        self.counted = {
            check.table
            for section in self.schema.form.sections
            for check in section.checks
            if check.kind == "lte_table_rows"
        }

    def compose(self) -> Composed:
        found, values, rows = Composed(), {}, {}
        for section in self.schema.form.sections:
            if section.invoices is not None:
                found.invoices = self.invoices(section.invoices)
        claimed = sum((Decimal(row["gross_cny"]) for row in found.invoices), Decimal(0))
        self.project.claimed_cny = claimed
        for section in self.schema.form.sections:
            if section.table is not None:
                rows[section.table.code] = found.tables[section.code] = self.rows(section.table)
            for item in section.fields:
                values[item.code] = self.prefilled(item) if item.prefill else self.answer(item)
        values |= {code: told for code, told in self.partner().items() if code in values}
        writable = {
            item.code
            for section in self.schema.form.sections
            for item in section.fields
            if not item.readonly
        }
        self.settle(values, rows, writable)
        for section in self.schema.form.sections:
            given = {
                item.code: values[item.code]
                for item in section.fields
                if item.code in writable
                and item.code not in ASKED_FIELDS
                and values[item.code] is not None
            }
            if given:
                found.sections[section.code] = given
        return found

    # --- fields ----------------------------------------------------------------------

    def prefilled(self, item: Field) -> Any:
        if item.prefill == "computed.claimed_cny":
            return f"{self.project.claimed_cny:.2f}"
        return self.content.prefill(item)

    def answer(self, item: Field, *, certain: bool = False) -> Any:
        """An answer, or None where one need not be given and chance says no."""
        if item.code in DEDUCTION_INPUTS.values():
            return None  # made-up parts that do not count might leave nothing of the base
        if not (item.required or certain or item.code in self.demanded):
            chance = 0.05 if item.code in self.schema.rubric.avoid else 0.7
            if item.required_if is not None or self.random.random() > chance:
                return None
        found = _MAKERS[item.type](self, item)
        condition = self.demanded.get(item.code)
        if condition is not None and item.code in self.wholly:
            return list(condition.one_of or ())
        return found if condition is None else _demanded(item, condition, found)

    def settle(self, values: dict, rows: Mapping[str, list], writable: set[str]) -> None:
        """Answer what follows from other answers, and let the form's checks hold."""
        form = self.schema.form
        for _round in range(4):
            for item in form.fields.values():
                wanted = item.required_if is not None and item.required_if.holds(values)
                if wanted and values[item.code] is None and item.code in writable:
                    values[item.code] = self.answer(item, certain=True)
            fitting.fit_form(self.schema, values, rows, writable)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        if table.rows:
            count = len(table.rows)
        else:
            low = max(table.min_rows, 1 if self.random.random() < 0.8 else 0)
            if table.code in self.counted:
                low = max(low, 1)
            count = min(table.max_rows, low + self.random.randrange(4))
        found: list[dict[str, Any]] = []
        for number in range(count):
            row = {column.code: self.answer(column) for column in table.columns}
            for column in table.columns:
                if column.required_if is not None and column.required_if.holds(row):
                    row[column.code] = self.answer(column, certain=True)
            if table.rows and (unit := table.rows[number].unit) is not None:
                self.sized(row, table, unit.zh)
            found.append(row)
        if table.code == PARTNERS and self.project.partners:
            found = [
                row | {"name": partner.name, "uscc": partner.uscc}
                for row, partner in zip(cycle(found), self.project.partners, strict=False)
            ]
        fitting.fit_table(table, found)
        return [{code: cell for code, cell in row.items() if cell is not None} for row in found]

    def partner(self) -> dict[str, str]:
        """What a form asks of the main partner."""
        if len(self.project.partners) < 2:
            return {}
        main = self.project.partners[-1]
        return {
            "enterprise_name": main.name,
            "enterprise_uscc": main.uscc,
            "enterprise_place": main.address,
        }

    def sized(self, row: dict[str, Any], table: Table, unit: str) -> None:
        """A fixed row's numbers rise from column to column, in the size of its unit."""
        value = self.random.randint(120, 600) if "元" in unit else self.random.randint(3, 18)
        for column in table.columns:
            if column.is_numeric:
                row[column.code] = value if column.type == "integer" else str(value)
                value += max(1, value // 5)

    # --- types -----------------------------------------------------------------------

    def text(self, item: Field) -> str:
        if item.pattern:
            return matching(item.pattern, self.random)
        label, project, chance = item.label.zh, self.project, self.random
        found = next(
            (make(self) for word, make in _WORDS if word in label or word in item.code), None
        )
        if found is None:
            found = f"{project.topic}{label}{chance.randint(1, 9)}"
        return found[: item.max_length or 200]

    def textarea(self, item: Field) -> str:
        if item.help is not None and "每行一家" in item.help.zh:
            return "\n".join(vocabulary.LENDERS if "金融" in item.label.zh else vocabulary.PARTNERS)
        sentences = self.random.sample(vocabulary.SENTENCES, 4)
        told = "\n".join(
            sentence.format(
                org=self.project.organisation, topic=self.project.topic, label=item.label.zh
            )
            for sentence in sentences
        )
        longest = item.max_length or 2000
        while len(told) > longest and "\n" in told:
            told = told.rpartition("\n")[0]
        return told[:longest]

    def whole(self, item: Field) -> int:
        unit = item.unit.zh if item.unit else ""
        high = 60 if "人" in unit else 9 if "级" in unit else 24
        return int(self.bounded(item, Decimal(self.random.randint(2, high))))

    def number(self, item: Field) -> str:
        unit = item.unit.zh if item.unit else ""
        high = 4000 if "㎡" in unit or "平方" in unit else 60
        return f"{self.bounded(item, Decimal(self.random.randint(3, high))):f}"

    def percent(self, item: Field) -> str:
        return f"{self.bounded(item, Decimal(self.random.randint(5, 80))):f}"

    def money(self, item: Field) -> str:
        wan = Decimal(self.random.randint(40, 900)) * self.project.scale
        amount = self.bounded(item, wan.quantize(Decimal(1)) * WAN)
        return f"{amount:.2f}"

    def bounded(self, item: Field, value: Decimal) -> Decimal:
        if item.max is not None:
            value = min(value, item.max)
        return max(value, item.min) if item.min is not None else value

    def day(self, item: Field) -> str:
        ahead = any(
            word in item.label.zh for word in ("截止", "有效期", "到期", "结束", "完成", "止")
        )
        days = self.random.randint(200, 900)
        return (self.today + timedelta(days=days if ahead else -days)).isoformat()

    def month(self, item: Field) -> str:
        return self.day(item)[:7]

    def choice(self, item: Field) -> str:
        return self.random.choice([choice.code for choice in item.choices])

    def choices(self, item: Field) -> list[str]:
        most = min(item.max_selected or 2, len(item.choices), 2)
        fitting_one = [c.code for c in item.choices if c.label.zh == field_of(self.project.topic)]
        others = [choice.code for choice in item.choices if choice.code not in fitting_one]
        count = self.random.randint(1, most) - len(fitting_one)
        return [*fitting_one, *self.random.sample(others, max(count, 0))]

    def yes(self, item: Field) -> bool:
        return self.random.random() < 0.75

    def code(self, item: Field) -> str:
        return credit_code(self.random, "91", "320100")

    def phone(self, item: Field) -> str:
        return f"13{self.random.randint(10**8, 10**9 - 1)}"

    # --- invoices ----------------------------------------------------------------------

    def invoices(self, table: InvoiceTable) -> list[dict[str, Any]]:
        """Rows of the investment table, their net amounts summing up to some 万元 times the scale."""
        count = max(table.min_rows, self.random.randint(6, 14))
        settings = self.content.settings
        start = date.fromisoformat(settings.get("window_start") or f"{self.today.year - 1}-01-01")
        end = min(self.today, date.fromisoformat(settings.get("window_end") or "9999-12-31"))
        codes = [category.code for category in table.categories]
        return [self.invoice(codes, start, end) for _number in range(count)]

    def invoice(self, codes: list[str], start: date, end: date) -> dict[str, Any]:
        chance = self.random
        category = chance.choices(codes, [4 if code == "equipment" else 1 for code in codes])[0]
        most = 160 if category == "equipment" else 45
        net = (Decimal(chance.randint(4, most)) * self.project.scale * WAN).quantize(
            Decimal("0.01")
        )
        rate = (
            Decimal("0.13") if category in {"equipment", "materials_testing"} else Decimal("0.06")
        )
        tax = (net * rate).quantize(Decimal("0.01"))
        issued = start + timedelta(days=chance.randint(0, max((end - start).days, 1) - 1))
        vendor = chance.choice(vocabulary.VENDORS)
        fiscal = chance.random() < 0.12
        return {
            "category": category,
            "name": chance.choice(vocabulary.GOODS.get(category, vocabulary.GOODS["other"])),
            "quantity": str(chance.randint(1, 6)),
            "seller": vendor,
            "seller_uscc": credit_code(Random(vendor), "91", "320100"),
            "contract_no": f"HT{issued:%Y%m}-{chance.randint(100, 999)}",
            "invoice_no": f"{issued:%y}{chance.randint(10**17, 10**18 - 1)}",
            "invoice_date": issued.isoformat(),
            "net_cny": f"{net:.2f}",
            "tax_cny": f"{tax:.2f}",
            "gross_cny": f"{net + tax:.2f}",
            "paid_on": min(issued + timedelta(days=chance.randint(2, 40)), end).isoformat(),
            "related_party": chance.random() < 0.04,
            "fiscal_percent": str(chance.choice((20, 30, 50))) if fiscal else "0",
        }


def field_of(topic: str) -> str:
    """The field of work to which a topic belongs."""
    return next((field for field, topics in vocabulary.TOPICS.items() if topic in topics), "其他")


def demanded(schema: DefinitionSchema, settings: Mapping[str, Any]) -> dict[str, Condition]:
    """What the line's requirements demand of an answer, by field."""
    defaults = {item.code: item.default for item in schema.settings}
    found: dict[str, Condition] = {}
    for row in schema.eligibility.requirements:
        test = row.test
        if row.list_setting is not None:
            chosen = settings.get(row.list_setting, defaults.get(row.list_setting))
            test = Condition(field=test.field, one_of=tuple(chosen or test.one_of or ()))
        found.setdefault(test.field, test)
    return found


def _demanded(item: Field, condition: Condition, found: Any) -> Any:
    if condition.is_true is not None:
        return condition.is_true
    if condition.equals is not None:
        return [condition.equals] if item.type == "multichoice" else condition.equals
    if condition.one_of is not None:
        known = [choice.code for choice in item.choices] or list(condition.one_of)
        first = next(code for code in condition.one_of if code in known)
        if item.type == "multichoice":
            return found if set(found) & set(condition.one_of) else [first]
        return found if found in condition.one_of else first
    if condition.at_least is not None and Decimal(str(found)) < condition.at_least:
        whole = condition.at_least.to_integral_value(rounding="ROUND_CEILING")
        return int(whole) if item.type == "integer" else f"{condition.at_least:f}"
    return found


def person(random: Random) -> str:
    return random.choice(vocabulary.SURNAMES) + random.choice(vocabulary.GIVEN)


# What a text is about, by a word of its label or code; the first that fits.
_WORDS = (
    ("地址", lambda it: it.project.address),
    ("地点", lambda it: it.project.address),
    ("联系人", lambda it: it.project.leader),
    ("职务", lambda it: it.random.choice(vocabulary.TITLES)),
    ("职称", lambda it: it.random.choice(vocabulary.TITLES)),
    ("回避专家", lambda it: f"{person(it.random)}，东吴材料大学"),
    ("理由", lambda it: "与本项目存在竞争关系"),
    ("项目名称", lambda it: it.project.title),
    ("驿站名称", lambda it: it.project.title),
    ("文号", lambda it: f"{it.today.year - 1}〔{it.random.randint(3, 60)}〕号"),
    ("批文", lambda it: f"{it.today.year - 1}〔{it.random.randint(3, 60)}〕号"),
    ("编号", lambda it: f"NJ{it.today.year - 1}{it.random.randint(1000, 9999)}"),
    ("证号", lambda it: f"NJ{it.today.year - 1}{it.random.randint(1000, 9999)}"),
    ("凭证", lambda it: f"PZ{it.random.randint(10000, 99999)}"),
    ("账号", lambda it: f"62284800{it.random.randint(10**9, 10**10 - 1)}"),
    ("负责人", lambda it: it.project.leader),
    ("姓名", lambda it: person(it.random)),
    ("技术经理人", lambda it: person(it.random)),
    ("依托单位", lambda it: it.project.organisation),
    ("权属", lambda it: it.project.organisation),
    ("投资机构", lambda it: "南京钟麓天使创业投资合伙企业"),
    ("基金", lambda it: "南京钟麓成果转化基金"),
    ("银行", lambda it: "金陵银行南京分行营业部"),
    ("部门", lambda it: "市科技局"),
    ("计划", lambda it: "市级科技成果转化计划"),
    ("用途", lambda it: "验证设备购置"),
    ("分工", lambda it: f"承担{it.project.topic}验证任务"),
    ("单位", lambda it: it.random.choice(vocabulary.VENDORS)),
    ("企业", lambda it: it.random.choice(vocabulary.VENDORS)),
    ("机构", lambda it: it.random.choice(vocabulary.VENDORS)),
    ("中心名称", lambda it: f"{it.project.topic}概念验证中心"),
    ("平台名称", lambda it: f"{it.project.topic}中试平台"),
    ("名称", lambda it: f"{it.project.topic}{it.random.choice(('样机', '工艺包', '验证平台', '关键部件', '试剂盒', '系统'))}"),
    ("title", lambda it: it.project.title),
)  # fmt: skip

_MAKERS = {
    "text": Composer.text,
    "textarea": Composer.textarea,
    "integer": Composer.whole,
    "decimal": Composer.number,
    "money": Composer.money,
    "money_wan": Composer.money,
    "percent": Composer.percent,
    "date": Composer.day,
    "month": Composer.month,
    "choice": Composer.choice,
    "multichoice": Composer.choices,
    "bool": Composer.yes,
    "uscc": Composer.code,
    "id_number": lambda it, item: id_number(it.random),
    "phone": Composer.phone,
    "email": lambda it, item: "project@demo.example",
    "url": lambda it, item: "https://www.demo.example/",
}


# --- texts that fit a pattern -------------------------------------------------------------


def matching(pattern: str, random: Random) -> str:
    """A text that fits the pattern, by the parts that patterns of forms are made of."""
    parsed = re._parser.parse(pattern, re.ASCII)  # type: ignore[attr-defined]
    found = _drawn(parsed, random)
    assert re.fullmatch(pattern, found, re.ASCII), (pattern, found)
    return found


def _drawn(parts: Iterable, random: Random) -> str:
    return "".join(_one(str(kind), value, random) for kind, value in parts)


def _one(kind: str, value: Any, random: Random) -> str:
    if kind == "LITERAL":
        return chr(value)
    if kind == "IN":
        return random.choice(_alphabet(value))
    if kind in {"MAX_REPEAT", "MIN_REPEAT"}:
        low, high, inner = value
        count = random.randint(low, min(int(high), low + 4))
        return "".join(_drawn(inner, random) for _index in range(count))
    if kind == "SUBPATTERN":
        return _drawn(value[-1], random)
    if kind == "BRANCH":
        return _drawn(random.choice(value[1]), random)
    if kind == "ANY":
        return random.choice(string.ascii_lowercase)
    if kind in {"AT", "ASSERT", "ASSERT_NOT"}:
        return ""
    raise ValueError(f"a pattern with {kind} is not known here")


def _alphabet(parts: Iterable) -> list[str]:
    found: list[str] = []
    for kind, value in parts:
        if str(kind) == "LITERAL":
            found.append(chr(value))
        elif str(kind) == "RANGE":
            found += map(chr, range(value[0], value[1] + 1))
        elif str(kind) == "CATEGORY":
            digits = str(value).endswith("DIGIT")
            found += string.digits if digits else string.ascii_uppercase + string.digits
    return found


def attached(schema: DefinitionSchema, values: Mapping[str, Any], random: Random) -> list[str]:
    """The slots that get a file: what is required, and some of the others."""
    return [
        slot.code
        for slot in schema.attachments
        if slot.required
        or (slot.required_if is not None and slot.required_if.holds(values))
        or (slot.required_if is None and random.random() < 0.5)
    ]


def field_sections(schema: DefinitionSchema) -> list[Section]:
    return [section for section in schema.form.sections if section.kind != "review"]
