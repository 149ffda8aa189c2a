"""The frozen form of a case: canonical JSON with its SHA-256, what was submitted and signed for.

The snapshot holds what was said, not when: the check page shows the hash that the receipt
will bear, and a reader with the JSON alone can recompute it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import translation

from applications.checks import is_blank
from applications.content import Content, is_private
from applications.entries import told
from applications.models import Invoice
from policy.invoices import COLUMNS
from policy.schema import DefinitionSchema, Field, Section, Text
from portal.types import known

FORMAT = 1
# Beside a row's columns: which row it is, so that two snapshots can be compared.
UID = "_uid"


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spaces: the same data, the same bytes."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(data: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def take(content: Content, *, computation: Mapping[str, Any], asked_cny: str | None) -> dict:
    """The snapshot of a case as it stands now. One query (the invoices)."""
    application = content.application
    organisation = application.organisation
    return {
        "format": FORMAT,
        "application": application.uid,
        "call": application.call.code,
        "line": content.schema.line,
        "definition": application.definition.sha256,
        "organisation": {
            "uid": organisation.uid,
            "name": organisation.name,
            "uscc": organisation.uscc,
            "district": application.district.code,
        },
        "sections": {
            section.code: content.section_values(section)
            for section in content.schema.form.sections
            if section.fields
        },
        "tables": {
            code: [
                {**row.data, UID: row.uid}
                for row in content.rows.get(code, [])
                if not is_blank(row.data)
            ]
            for code in content.schema.form.tables
        },
        "invoices": _invoices(content),
        "attachments": {
            slot: [{"name": file.name, "sha256": file.blob_id} for file in files]
            for slot, files in content.attachments.items()
        },
        "computation": dict(computation),
        "asked_cny": asked_cny,
    }


def _invoices(content: Content) -> list[dict[str, Any]]:
    if not any(section.kind == "invoices" for section in content.schema.form.sections):
        return []
    rows = Invoice.objects.filter(application=content.application).order_by("position")
    return [{**row.raw, UID: row.uid} for row in rows]


# --- reading -------------------------------------------------------------------------


def told_fields(
    section: Section, snapshot: Mapping[str, Any], *, private: bool = False
) -> Iterator[tuple[Field, str]]:
    """The section's fields as submitted, in words; bank accounts only for whoever may see them."""
    values = snapshot["sections"].get(section.code, {})
    for item in section.fields:
        if is_private(item) and not private:
            continue
        yield item, told(item, values.get(item.code))


def places(schema: DefinitionSchema, snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Every place of a snapshot with its label and its content in words, to compare two."""
    for section in schema.form.sections:
        for item, words in told_fields(section, snapshot):
            yield f"{section.code}.{item.code}", item.label, words
        if section.kind == "table":
            columns = known(section.table).columns
            yield from _rows(
                section, columns, snapshot["tables"].get(known(section.table).code, [])
            )
        elif section.kind == "invoices":
            yield from _rows(section, COLUMNS, snapshot["invoices"])
        elif section.kind == "attachments":
            for slot in schema.attachments:
                files = snapshot["attachments"].get(slot.code, [])
                # The content counts: a new file under an old name is a difference.
                words = "、".join(f"{file['name']}（{file['sha256'][:8]}）" for file in files)
                yield f"{section.code}.{slot.code}", slot.label, words


def _rows(section: Section, columns, rows) -> Iterator[tuple[str, Any, str]]:
    for number, row in enumerate(rows, start=1):
        cells = [told(column, row.get(column.code)) for column in columns]
        words = " | ".join(cell for cell in cells if cell)
        label = section.title
        title = Text(zh=f"{label.zh} 第 {number} 行", en=f"{label.en}, row {number}")
        yield f"{section.code}.{row[UID]}", title, words


def differences(
    schema: DefinitionSchema, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[dict[str, str]]:
    """What differs between two snapshots: path, label (zh, en), before and after in Chinese."""
    with translation.override("zh-hans"):
        old = {path: (label, words) for path, label, words in places(schema, before)}
        new = {path: (label, words) for path, label, words in places(schema, after)}
        found = []
        for path in [*new, *(path for path in old if path not in new)]:
            label = (new[path] if path in new else old[path])[0]
            was, now = old.get(path, ("", ""))[1], new.get(path, ("", ""))[1]
            if was != now:
                found.append(
                    {
                        "path": path,
                        "label": label.zh,
                        "label_en": label.en,
                        "before": was,
                        "after": now,
                    }
                )
        return found
