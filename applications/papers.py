"""What stands in the papers of a submission: receipt (回执) and application form (申报书).

Both are made from the frozen snapshot alone, in Chinese, and only say what was submitted.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from applications import snapshot as frozen
from applications.content import is_private
from applications.entries import told
from applications.models import Application, Submission, Transition
from applications.sheets import invoice_columns, row_columns
from applications.workflow import schema_of, stage
from policy.money import show_cny, show_wan, uppercase_cny
from policy.schema import Field, Section
from portal import clock
from portal.types import known

# Columns of the investment table that fit on A4, with their widths.
FORM_INVOICE_COLUMNS = {
    "category": 5, "name": 7, "seller": 8, "invoice_no": 11, "invoice_date": 6, "net_cny": 7,
    "tax_cny": 6, "gross_cny": 7, "related_party": 3, "fiscal_percent": 4,
}  # fmt: skip


def pledge() -> str:
    """The words that the applicant ticks and the form bears."""
    return _(
        "本单位承诺：所填内容和所附材料真实、完整、合法；同一投入未重复申报；如有不实，愿承担相应责任并退回资助资金。"
    )


def issuer(unit) -> str:
    """A unit as the head of a paper names it: 市科技局 is 南京市科技局 there."""
    return f"南京{unit.name_zh}" if unit.name_zh.startswith("市") else unit.name_zh


def chinese_date(day) -> str:
    """``2026年11月21日``, as documents write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def amount_words(cny: Decimal | None) -> str:
    return "" if cny is None else f"{show_wan(cny)} 万元（{show_cny(cny)}，{uppercase_cny(cny)}）"


def moment_words(moment) -> str:
    """A moment to the second, Beijing time."""
    return f"{clock.local(moment):%Y-%m-%d %H:%M:%S}"


def receipt_data(submission: Submission) -> dict[str, Any]:
    """The data of ``applications/receipt.typ``."""
    with translation.override("zh-hans"):
        case, taken = submission.application, submission.snapshot
        move = _move_of(submission)
        following = stage(case, move.target) if move else None
        asked = taken["asked_cny"]
        rows = [
            ("申报单位", taken["organisation"]["name"]),
            ("统一社会信用代码", taken["organisation"]["uscc"]),
            ("支持措施", f"{case.call.measure.line} {case.call.measure.name_zh}"),
            ("申报批次", case.call.title_zh),
            ("项目名称", case.title or "—"),
            ("申请金额", amount_words(Decimal(asked)) if asked else "—"),
            ("提交人", str(submission.submitted_by)),
            ("到达时间", f"{moment_words(submission.arrived_at)}（北京时间）"),
            ("受理登记时间", f"{moment_words(submission.received_at)}（北京时间）"),
        ]
        if following is not None:
            rows.append(("下一环节", following.label.zh))
        return {
            "title": _TITLES[submission.action],
            "portal": "南京市科技成果转化支持申报",
            "number": case.number,
            "rows": [list(row) for row in rows],
            "sha256": submission.sha256,
            "note": "本回执由系统生成。内容摘要由提交内容计算得出，内容有任何变动，摘要即不同。"
            "截止以服务器时间为准，截止前到达的提交有效。",
        }


_TITLES = {"submit": "申报回执", "resubmit": "重新提交回执", "correct": "补正回执"}


def _move_of(submission: Submission) -> Transition | None:
    """The move that this submission made."""
    return (
        submission.application.transitions.filter(
            action=submission.action, at__gte=submission.received_at
        )
        .order_by("pk")
        .first()
    )


def form_data(submission: Submission) -> dict[str, Any]:
    """The data of ``applications/form.typ``."""
    with translation.override("zh-hans"):
        case, taken = submission.application, submission.snapshot
        schema = schema_of(case)
        asked = taken["asked_cny"]
        steps = taken["computation"].get("steps", [])
        return {
            "title": f"{case.call.measure.name_zh}申报书",
            "measure": case.call.measure.name_zh,
            "call": case.call.title_zh,
            "organisation": taken["organisation"]["name"],
            "number": case.number,
            "sha256": submission.sha256,
            "date": chinese_date(clock.local(submission.received_at).date()),
            "cover": [
                ["申报编号", case.number],
                ["项目名称", case.title or "—"],
                ["申报单位", taken["organisation"]["name"]],
                ["统一社会信用代码", taken["organisation"]["uscc"]],
                ["推荐单位", case.district.name_zh],
            ],
            "groups": [
                {
                    "title": f"{_numeral(number)}、{group.title.zh}",
                    "sections": [
                        _section(case, section, taken)
                        for section in group.sections
                        if section.kind != "review"
                    ],
                }
                for number, group in enumerate(schema.form.groups, start=1)
            ],
            "steps": [[step["label_zh"], _step(step)] for step in steps] or [["测算", "—"]],
            "asked": amount_words(Decimal(asked)) if asked else "—",
            "pledge": pledge(),
        }


def _numeral(number: int) -> str:
    return "一二三四五六七八九十"[number - 1] if number <= 10 else str(number)


def _step(step: Mapping[str, Any]) -> str:
    value = step["value"]
    if value is None:
        return "待定"
    if step["unit"] == "rate":
        return f"{(Decimal(value) * 100).normalize():f}%"
    return show_cny(Decimal(value)) if step["unit"] == "cny" else value


def _section(case: Application, section: Section, taken: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        [item.label.zh, words or "未填写"] for item, words in frozen.told_fields(section, taken)
    ]
    # What the paper does not tell was filled in all the same.
    silent = any(is_private(item) for item in section.fields)
    empty = "已在系统登记，申报书不载明" if silent else "未填写"
    sheets = []
    if section.kind == "table":
        sheets.append(_child_sheet(section, taken["tables"].get(known(section.table).code, [])))
    elif section.kind == "invoices":
        sheets.append(_invoice_sheet(section, taken["invoices"]))
    elif section.kind == "attachments":
        rows += [
            [slot.label.zh, "\n".join(_file(file) for file in files)]
            for slot in schema_of(case).attachments
            if (files := taken["attachments"].get(slot.code))
        ]
    sheets = [sheet for sheet in sheets if sheet["body"]]
    return {
        "title": section.title.zh,
        "rows": rows,
        "sheets": sheets,
        "empty": "" if rows or sheets else empty,
    }


def _file(file: Mapping[str, str]) -> str:
    return f"{file['name']}（SHA-256 {file['sha256'][:16]}…）"


def _child_sheet(section: Section, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    table = known(section.table)
    columns, fixed = table.columns, table.rows
    head = ["" if fixed else "序号", *(column.label.zh for column in columns)]
    body = [
        [
            fixed[number - 1].label.zh if number <= len(fixed) else str(number),
            *(told(column, row.get(column.code)) for column in row_columns(section, number)),
        ]
        for number, row in enumerate(rows, start=1)
    ]
    return {
        "head": head, "body": body, "widths": [2 if fixed else 1, *([3] * len(columns))],
        "size": 10 if len(columns) <= 5 else 8, "total": "",
    }  # fmt: skip


def _invoice_sheet(section: Section, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = [column for column in invoice_columns(section) if column.code in FORM_INVOICE_COLUMNS]
    body = [
        [str(number), *(_cell(column, row.get(column.code)) for column in columns)]
        for number, row in enumerate(rows, start=1)
    ]
    total = sum((Decimal(row["gross_cny"]) for row in rows if row.get("gross_cny")), Decimal(0))
    return {
        "head": ["序号", *(column.label.zh for column in columns)],
        "body": body,
        "widths": [3, *(FORM_INVOICE_COLUMNS[column.code] for column in columns)],
        "size": 6.5,
        "total": f"共 {len(rows)} 张，价税合计 {amount_words(total)}",
    }


def _cell(column: Field, stored: Any) -> str:
    if column.type == "money" and stored:
        return f"{Decimal(stored):,.2f}"
    return told(column, stored)
