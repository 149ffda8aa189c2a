"""The contract of a definition: what a measure's rules, form and plan look like, parsed.

``parse(body)`` turns the JSON of ``Definition.body`` into frozen dataclasses and refuses
anything that does not fit. Identity is always an ASCII ``code``; every text is a ``Text``.
"""

from policy.schema.award import (
    Award,
    CallSetting,
    Cap,
    Eligibility,
    Identity,
    Quota,
    Rate,
    Requirement,
    Stacking,
    TimeLimit,
)
from policy.schema.definition import DefinitionSchema, parse
from policy.schema.form import (
    INVOICE_CATEGORIES,
    PREFILLS,
    Check,
    Choice,
    Condition,
    Field,
    Form,
    Group,
    InvoiceTable,
    Row,
    Section,
    Table,
)
from policy.schema.plan import (
    FILE_TYPES,
    LETTER_CODES,
    LETTER_FIELDS,
    AttachmentSlot,
    CheckPoint,
    Criterion,
    DirectAward,
    Letter,
    Level,
    Rubric,
    Stage,
)
from policy.strict import SchemaError
from policy.text import Text

__all__ = [
    "FILE_TYPES",
    "INVOICE_CATEGORIES",
    "LETTER_CODES",
    "LETTER_FIELDS",
    "PREFILLS",
    "AttachmentSlot",
    "Award",
    "CallSetting",
    "Cap",
    "Check",
    "CheckPoint",
    "Choice",
    "Condition",
    "Criterion",
    "DefinitionSchema",
    "DirectAward",
    "Eligibility",
    "Field",
    "Form",
    "Group",
    "Identity",
    "InvoiceTable",
    "Letter",
    "Level",
    "Quota",
    "Rate",
    "Requirement",
    "Row",
    "Rubric",
    "SchemaError",
    "Section",
    "Stacking",
    "Stage",
    "Table",
    "Text",
    "TimeLimit",
    "parse",
]
