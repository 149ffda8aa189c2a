"""The way of a case: attachments, rubric, stages and letters."""

from dataclasses import dataclass
from typing import Literal

from policy.schema.codes import check_codes
from policy.schema.form import Condition
from policy.strict import Wrong
from policy.text import Text

FILE_TYPES = ("pdf", "png", "jpg", "xlsx", "docx")
LETTER_CODES = ("acceptance", "correction", "refusal", "result", "decision", "payment")
# Everything that a letter may name. Personal data is not among it.
LETTER_FIELDS = {
    "organisation",
    "application_no",
    "title",
    "measure",
    "line",
    "article",
    "clause",
    "document",
    "document_no",
    "call",
    "unit",
    "unit_phone",
    "date",
    "due_on",
    "limit_workdays",
    "round",
    "items",
    "reason",
    "legal_base",
    "amount",
    "amount_upper",
    "paid_amount",
    "paid_on",
    "instalment",
    "payee_account",
    "decision_no",
    "result",
    "next_step",
}


@dataclass(frozen=True)
class AttachmentSlot:
    """A place for files, its limits shown before anything is uploaded."""

    code: str
    label: Text
    help: Text | None = None
    required: bool = False
    required_if: Condition | None = None
    max_files: int = 1
    max_bytes: int = 20 * 1024 * 1024
    types: tuple[Literal["pdf", "png", "jpg", "xlsx", "docx"], ...] = ("pdf",)

    def check(self):
        if not 1 <= self.max_files <= 50:
            raise Wrong("max_files lies between 1 and 50", "max_files")
        if not 1 <= self.max_bytes <= 200 * 1024 * 1024:
            raise Wrong("max_bytes lies between 1 and 200 MiB", "max_bytes")
        if not self.types:
            raise Wrong("at least one file type", "types")
        if self.required and self.required_if is not None:
            raise Wrong("required and required_if exclude each other", "required_if")


@dataclass(frozen=True)
class Level:
    """A level of the scale: from this share of a criterion's weight upwards."""

    code: str
    label: Text
    from_percent: int


@dataclass(frozen=True)
class Criterion:
    """A criterion with its weight (points) and a description of every level, best first."""

    code: str
    label: Text
    weight: int
    anchors: tuple[Text, ...]
    evidence: tuple[str, ...] = ()

    def check(self):
        if not 1 <= self.weight <= 100:
            raise Wrong("weight lies between 1 and 100", "weight")


@dataclass(frozen=True)
class Rubric:
    """What experts score: weights add up to 100. Empty where no expert judges."""

    criteria: tuple[Criterion, ...] = ()
    levels: tuple[Level, ...] = ()
    comment_below_percent: int = 60
    comment_above_percent: int = 95
    spread_flag_points: int = 20
    drop_extremes_from: int = 5
    # The choice field of the form by which the draw is stratified, and the text fields in which
    # the applicant names experts who should not judge (回避).
    stratify_by: str | None = None
    avoid: tuple[str, ...] = ()

    def check(self):
        check_codes(self.criteria, "criteria")
        check_codes(self.levels, "levels")
        if not self.criteria:
            return
        if (total := sum(item.weight for item in self.criteria)) != 100:
            raise Wrong(f"weights add up to {total}, not 100", "criteria")
        bounds = [level.from_percent for level in self.levels]
        if bounds != sorted(set(bounds), reverse=True) or not bounds or bounds[-1] != 0:
            raise Wrong("levels go from the best down to 0 %", "levels")
        for index, item in enumerate(self.criteria):
            if len(item.anchors) != len(self.levels):
                raise Wrong(
                    f"{len(item.anchors)} anchors for {len(self.levels)} levels",
                    "criteria",
                    index,
                    "anchors",
                )


Holder = Literal["applicant", "district", "lead", "co_units", "experts", "finance", "public"]


@dataclass(frozen=True)
class CheckPoint:
    """An item of the formal check (形式审查): what must be so, and where it can be seen.

    ``evidence`` names attachment slots, fields or sections of the form.
    """

    code: str
    label: Text
    evidence: tuple[str, ...] = ()
    clause: str | None = None


@dataclass(frozen=True)
class Stage:
    """A stage of the plan: who holds the case, for how many working days, what comes next.

    The options that a stage does not use are null. Every value is a default: a setting of
    the call named ``<stage>.<attribute>`` replaces it (``DefinitionSchema.stage_plan``).
    """

    code: str
    label: Text
    holder: Holder
    next: str | None = None
    limit_workdays: int | None = None
    # formal_check: every item is settled before a case is accepted
    checks: tuple[CheckPoint, ...] = ()
    # correction
    max_rounds: int | None = None
    # joint_review: what silence after the limit means, and whether one veto ends the case
    silence: Literal["consent", "wait"] | None = None
    veto_ends: bool | None = None
    # expert_review
    min_experts: int | None = None
    experts: int | None = None
    reserves: int | None = None
    # whether experts see no name of the applicant (bank and phones they never see)
    mask_names: bool | None = None
    # public_notice
    objection_accept_workdays: int | None = None
    objection_decide_workdays: int | None = None

    def check(self):
        check_codes(self.checks, "checks")
        if self.limit_workdays is not None and not 1 <= self.limit_workdays <= 250:
            raise Wrong("limit_workdays lies between 1 and 250", "limit_workdays")
        if self.min_experts is not None and not 1 <= self.min_experts <= (self.experts or 0):
            raise Wrong(f"min_experts {self.min_experts} of {self.experts} experts", "min_experts")


@dataclass(frozen=True)
class DirectAward:
    """免申即享: what the award rests on is known to the units, so that a call may let its lead unit
    nominate. Of form and plan these parts are left; the unit gives what they ask but for ``omit``,
    the organisation confirms and submits. No file is asked.
    """

    sections: tuple[str, ...]
    stages: tuple[str, ...]
    omit: tuple[str, ...] = ()

    def check(self):
        if not self.sections or not self.stages:
            raise Wrong("a direct award keeps sections and stages")


@dataclass(frozen=True)
class Letter:
    """A letter's template; ``{name}`` is replaced, everything else is text."""

    code: Literal[
        "acceptance", "correction", "refusal", "result", "decision", "payment", "claw_back"
    ]
    subject: Text
    body: Text

    def check(self):
        for part in ("subject", "body"):
            if unknown := getattr(self, part).placeholders - LETTER_FIELDS:
                raise Wrong(f"unknown placeholder {{{min(unknown)}}}", part)
