"""A definition as a whole: its parts fit one another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from policy.schema.award import (
    APPLIED_ON,
    Award,
    CallSetting,
    Cap,
    Eligibility,
    Identity,
    Quota,
    Stacking,
)
from policy.schema.codes import check_codes, find
from policy.schema.form import Form, Group, Section
from policy.schema.plan import AttachmentSlot, DirectAward, Letter, Rubric, Stage
from policy.strict import Wrong, build

_DECIMAL = {"rate", "decimal", "money"}


@dataclass(frozen=True)
class DefinitionSchema:
    """A measure's rules from ``valid_from`` on."""

    line: str
    valid_from: date
    award: Award
    eligibility: Eligibility = field(default_factory=Eligibility)
    caps: tuple[Cap, ...] = ()
    quota: Quota | None = None
    identities: tuple[Identity, ...] = ()
    stacking: tuple[Stacking, ...] = ()
    settings: tuple[CallSetting, ...] = ()
    form: Form = field(default_factory=Form)
    attachments: tuple[AttachmentSlot, ...] = ()
    rubric: Rubric = field(default_factory=Rubric)
    stages: tuple[Stage, ...] = ()
    letters: tuple[Letter, ...] = ()
    # A candidate for 免申即享: which parts of form and plan are left where a unit nominates.
    direct_award: DirectAward | None = None

    def check(self):
        for part in ("attachments", "stages", "letters", "caps", "stacking"):
            check_codes(getattr(self, part), part)
        self._check_form()
        self._check_stages()
        self._check_settings()
        self._check_award()
        self._check_direct()

    def _check_form(self):
        slots = {slot.code for slot in self.attachments}
        sections: set[str] = set()
        fields: set[str] = set()
        for here, section in self._sections():
            if section.code in sections:
                raise Wrong(f"section {section.code!r} stands twice", *here, "code")
            sections.add(section.code)
            for index, item in enumerate(section.fields):
                if item.code in fields:
                    raise Wrong(f"field {item.code!r} stands twice", *here, "fields", index)
                fields.add(item.code)
        for here, section in self._sections():
            self._check_section(section, here, fields=fields, slots=slots)
        for index, slot in enumerate(self.attachments):
            if slot.required_if and slot.required_if.field not in fields:
                raise Wrong(f"no field {slot.required_if.field!r}", "attachments", index)
        for index, item in enumerate(self.rubric.criteria):
            if missing := set(item.evidence) - slots - fields - sections:
                raise Wrong(f"no evidence {min(missing)!r}", "rubric", "criteria", index)
        for index, item in enumerate(self.eligibility.requirements):
            if missing := set(item.evidence) - slots - fields - sections:
                here = ("eligibility", "requirements", index)
                raise Wrong(f"no evidence {min(missing)!r}", *here, "evidence")
        for at, stage in enumerate(self.stages):
            for index, point in enumerate(stage.checks):
                if missing := set(point.evidence) - slots - fields - sections:
                    here = ("stages", at, "checks", index)
                    raise Wrong(f"no evidence {min(missing)!r}", *here, "evidence")
        by = self.rubric.stratify_by
        if by is not None and not (by in fields and self.form.fields[by].choices):
            raise Wrong(f"no field of choices {by!r}", "rubric", "stratify_by")
        if missing := set(self.rubric.avoid) - fields:
            raise Wrong(f"no field {min(missing)!r}", "rubric", "avoid")

    def _check_section(self, section: Section, here, *, fields: set[str], slots: set[str]):
        """What a section names elsewhere exists: fields, attachments, tables, columns."""
        for index, item in enumerate(section.fields):
            if item.required_if and item.required_if.field not in fields:
                raise Wrong(f"no field {item.required_if.field!r}", *here, "fields", index)
            if missing := set(item.evidence) - slots:
                raise Wrong(f"no attachment {min(missing)!r}", *here, "fields", index)
        for index, check in enumerate(section.checks):
            known = set(fields)
            if check.table is not None:
                if check.table not in self.form.tables:
                    raise Wrong(f"no table {check.table!r}", *here, "checks", index)
                known |= {column.code for column in self.form.tables[check.table].columns}
            if missing := set(check.operands) - known:
                raise Wrong(f"no field {min(missing)!r}", *here, "checks", index)

    def _sections(self) -> Iterator[tuple[tuple, Section]]:
        for group_no, group in enumerate(self.form.groups):
            for section_no, section in enumerate(group.sections):
                yield ("form", "groups", group_no, "sections", section_no), section

    def _check_stages(self):
        known = {stage.code for stage in self.stages}
        for index, stage in enumerate(self.stages):
            if stage.next is not None and stage.next not in known:
                raise Wrong(f"no stage {stage.next!r}", "stages", index, "next")

    def _check_settings(self):
        owners: dict[str, Any] = {
            part.code: part for part in (*self.stages, *self.caps, *self.stacking)
        }
        if self.quota is not None:
            owners["quota"] = self.quota
        seen: set[str] = set()
        for index, setting in enumerate(self.settings):
            if setting.code in seen:
                raise Wrong(f"setting {setting.code!r} stands twice", "settings", index, "code")
            seen.add(setting.code)
            owner, _dot, attribute = setting.code.partition(".")
            if attribute and attribute not in getattr(
                owners.get(owner), "__dataclass_fields__", ()
            ):
                raise Wrong(f"{setting.code!r} names no stage, cap or quota", "settings", index)
        fields = set(self.form.fields)
        for index, identity in enumerate(self.identities):
            here = ("identities", index)
            if fields and identity.field not in fields:
                raise Wrong(f"no field {identity.field!r}", *here, "field")
            if identity.key in {other.key for other in self.identities[:index]}:
                raise Wrong(f"{identity.key} is told apart twice", *here)
        for index, stack in enumerate(self.stacking):
            if self.line not in stack.lines:
                raise Wrong(f"line {self.line} is not among the lines", "stacking", index, "lines")

    def _check_award(self):
        settings = {setting.code: setting for setting in self.settings}
        types = {code: setting.type for code, setting in settings.items()}
        rate = self.award.rate
        if rate and rate.setting and types.get(rate.setting) != "rate":
            raise Wrong(f"no rate setting {rate.setting!r}", "award", "rate", "setting")
        if rate and rate.ceiling and settings[rate.setting].max != rate.value:
            raise Wrong(f"setting {rate.setting!r} is not bounded by the ceiling", "award", "rate")
        increase = self.award.increase
        if increase is not None and types.get(increase.setting) != "choice":
            raise Wrong(f"no choice setting {increase.setting!r}", "award", "increase", "setting")
        tiers = self.award.tiers
        if tiers is not None and types.get(tiers.setting) != "tiers":
            raise Wrong(f"no tiers setting {tiers.setting!r}", "award", "tiers", "setting")
        self._check_time_limits(settings)
        for index, group in enumerate(self.eligibility.groups):
            if types.get(group.setting) != "choice":
                raise Wrong(f"no choice setting {group.setting!r}", "eligibility", "groups", index)
        inputs = {item.code for item in self.award.inputs}
        for index, item in enumerate(self.eligibility.requirements):
            here = ("eligibility", "requirements", index)
            for condition in filter(None, (item.test, item.when)):
                if condition.field not in inputs:
                    raise Wrong(f"no input {condition.field!r}", *here)
            if item.field_setting is not None:
                setting = settings.get(item.field_setting)
                if setting is None or setting.type != "choice":
                    raise Wrong(f"no choice setting {item.field_setting!r}", *here, "field_setting")
                if strange := {choice.code for choice in setting.choices} - inputs:
                    raise Wrong(f"no input {min(strange)!r}", *here, "field_setting")
            if item.register is not None:
                if types.get(item.register.setting) != "organisations":
                    reason = f"no setting {item.register.setting!r} of type organisations"
                    raise Wrong(reason, *here, "register", "setting")
                if item.register.field not in inputs:
                    raise Wrong(f"no input {item.register.field!r}", *here, "register", "field")
            if item.list_setting is not None and types.get(item.list_setting) != "multichoice":
                raise Wrong(f"no list setting {item.list_setting!r}", *here, "list_setting")

    def _check_time_limits(self, settings: Mapping[str, CallSetting]) -> None:
        dates = {item.code for item in self.award.inputs if item.type == "date"} | {APPLIED_ON}
        for index, limit in enumerate(self.eligibility.time_limits):
            for name in ("start_setting", "bound_setting"):
                here = ("eligibility", "time_limits", index, name)
                setting = settings.get(getattr(limit, name))
                if setting is None or setting.type != "choice":
                    raise Wrong(f"no choice setting {getattr(limit, name)!r}", *here)
                if strange := {choice.code for choice in setting.choices} - dates:
                    raise Wrong(f"{min(strange)!r} is no input of type date", *here)

    def _check_direct(self):
        direct = self.direct_award
        if direct is None:
            return
        here = ("direct_award",)
        known = {section.code for section in self.form.sections}
        if missing := set(direct.sections) - known:
            raise Wrong(f"no section {min(missing)!r}", *here, "sections")
        if missing := set(direct.stages) - {stage.code for stage in self.stages}:
            raise Wrong(f"no stage {min(missing)!r}", *here, "stages")
        fields = {
            item.code
            for section in self.form.sections
            if section.code in direct.sections
            for item in section.fields
        }
        if missing := set(direct.omit) - fields:
            raise Wrong(f"no field {min(missing)!r}", *here, "omit")
        needed = {item.code for item in self.award.inputs if item.required} | {
            item.test.field for item in self.eligibility.requirements
        }
        if missing := needed - fields | needed & set(direct.omit):
            raise Wrong(f"the rule reads {min(missing)!r}, which is not kept", *here, "sections")

    @cached_property
    def direct(self) -> "DefinitionSchema":
        """The same rules with the form and plan of a nominated case."""
        kept = self.direct_award
        if kept is None:
            raise LookupError(f"{self.line} is no candidate for a direct award")
        groups = [
            replace(group, sections=kept_sections)
            for group in self.form.groups
            if (kept_sections := _kept(group, kept))
        ]
        form = Form(tuple(groups))
        known = set(form.fields) | {section.code for section in form.sections}
        groups = [
            replace(group, sections=tuple(_fitting(section, form) for section in group.sections))
            for group in groups
        ]
        return replace(
            self,
            form=Form(tuple(groups)),
            attachments=(),
            rubric=Rubric(),
            stages=_road(self.stages, kept.stages, known),
        )

    @property
    def can_be_called(self) -> bool:
        """Whether a call of this definition could be applied for: it has a form and a plan."""
        return bool(self.form.groups and self.stages)

    def slot(self, code: str) -> AttachmentSlot:
        return find(self.attachments, code)

    def letter(self, code: str) -> Letter:
        return find(self.letters, code)

    def setting(self, code: str) -> CallSetting:
        return find(self.settings, code)

    def chosen(self, settings: Mapping[str, Any], owner: str) -> dict[str, Any]:
        """The call's values (or their defaults) for the attributes of a stage, cap or quota."""
        return {
            setting.code.partition(".")[2]: Decimal(value) if setting.type in _DECIMAL else value
            for setting in self.settings
            if setting.code.startswith(f"{owner}.")
            and (value := settings.get(setting.code, setting.default)) is not None
        }

    def stage_plan(self, settings: Mapping[str, Any]) -> tuple[Stage, ...]:
        """The stages with the call's settings in place of the defaults."""
        return tuple(replace(item, **self.chosen(settings, item.code)) for item in self.stages)

    def cap_plan(self, settings: Mapping[str, Any]) -> tuple[Cap, ...]:
        """The caps with the call's settings in place of the defaults."""
        return tuple(replace(item, **self.chosen(settings, item.code)) for item in self.caps)

    def stacking_plan(self, settings: Mapping[str, Any]) -> tuple[Stacking, ...]:
        """The rules of stacking as the call sets them."""
        return tuple(replace(item, **self.chosen(settings, item.code)) for item in self.stacking)

    def quota_plan(self, settings: Mapping[str, Any]) -> Quota | None:
        """The quota with the call's meaning of it."""
        return self.quota and replace(self.quota, **self.chosen(settings, "quota"))

    def stage(self, code: str, settings: Mapping[str, Any] | None = None) -> Stage:
        return find(self.stage_plan(settings or {}), code)


def _kept(group: Group, kept: DirectAward) -> tuple[Section, ...]:
    return tuple(
        _reduced(section, kept) for section in group.sections if section.code in kept.sections
    )


def _reduced(section: Section, kept: DirectAward) -> Section:
    """The section without what is omitted and without the evidence that nobody attaches."""
    fields = tuple(
        replace(item, evidence=()) for item in section.fields if item.code not in kept.omit
    )
    return replace(section, fields=fields)


def _fitting(section: Section, form: Form) -> Section:
    """The section with those of its checks whose operands are still asked."""
    checks = tuple(
        check
        for check in section.checks
        if (check.table is None or check.table in form.tables)
        and set(check.operands) <= set(form.fields)
    )
    return replace(section, checks=checks)


def _road(stages: tuple[Stage, ...], kept: tuple[str, ...], known: set[str]) -> tuple[Stage, ...]:
    """The stages that are kept, each going on to the next that is; check points show what is there."""
    by_code = {stage.code: stage for stage in stages}
    found = []
    for stage in stages:
        if stage.code not in kept:
            continue
        following = stage.next
        while following is not None and following not in kept:
            following = by_code[following].next
        points = tuple(
            replace(point, evidence=tuple(code for code in point.evidence if code in known))
            for point in stage.checks
        )
        found.append(replace(stage, next=following, checks=points))
    return tuple(found)


def parse(body: Mapping[str, Any]) -> DefinitionSchema:
    """A definition's body as dataclasses; SchemaError names the first fault's place.

    Bodies are kept for ever, so one stored while ``direct_award`` was a mere mark is still read: the
    mark did nothing then, and does nothing now. The catalogue's files must say what is left.
    """
    if isinstance(body.get("direct_award"), bool):
        body = {part: told for part, told in body.items() if part != "direct_award"}
    return build(DefinitionSchema, body)
