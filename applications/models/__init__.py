"""The applicant's side: applications (申报) with their answers, files, history and letters."""

from applications.models.cases import (
    DUE_KEY,
    LAST_DAY,
    Application,
    ApplicationQuerySet,
    Part,
    Party,
)
from applications.models.content import Answer, Attachment, Invoice, TableRow
from applications.models.records import Correction, Letter, Numbering, Submission, Transition
from applications.models.status import EDITABLE, ENDED, MOVES, UNDONE_MOVES, VOID, Status

__all__ = [
    "DUE_KEY",
    "EDITABLE",
    "ENDED",
    "LAST_DAY",
    "MOVES",
    "UNDONE_MOVES",
    "VOID",
    "Answer",
    "Application",
    "ApplicationQuerySet",
    "Attachment",
    "Correction",
    "Invoice",
    "Letter",
    "Numbering",
    "Part",
    "Party",
    "Status",
    "Submission",
    "TableRow",
    "Transition",
]
