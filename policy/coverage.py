"""What golden cases must show: every part of a definition's rule at work in at least one of them."""

from collections.abc import Iterable, Iterator

from policy.computing import Computation
from policy.entries import Case, DefinitionEntry
from policy.rules import EXCLUSIONS
from policy.schema import DefinitionSchema


def parts(schema: DefinitionSchema) -> Iterator[str]:
    """The parts of the rule by name: base, rate, tiers, exclusions, caps, requirements, options."""
    award = schema.award
    if award.kind != "none":
        yield "amount"
    if award.tiers is not None:
        yield "tier"
    for code in EXCLUSIONS if award.items else award.deductions:
        yield f"excluded.{code}"
    if award.increase is not None:
        yield "excluded.baseline"
    for cap in schema.caps:
        yield f"cap.{cap.code}"
        if cap.once:
            yield f"once.{cap.code}"
    for requirement in schema.eligibility.requirements:
        yield f"requirement.{requirement.code}"
    for limit in schema.eligibility.time_limits:
        yield f"requirement.{limit.code}"
    for group in schema.eligibility.groups:
        yield from (f"{group.setting}={mode}" for mode in ("all", "any"))
    for stack in schema.stacking:
        modes = ("exclude",) if award.kind == "none" else ("exclude", "higher", "top_up")
        yield from (f"{stack.code}.mode={mode}" for mode in modes)


def shown(entry: DefinitionEntry, results: Iterable[tuple[Case, Computation]]) -> set[str]:
    """The parts that the results show at work."""
    found: set[str] = set()
    for case, result in results:
        if result.computed_cny is not None:
            found.add("amount")
        found |= {
            line.code
            for line in result.steps
            if line.value is not None
            and (line.code == "tier" or (line.code.startswith("excluded.") and float(line.value)))
        }
        if result.binding_cap is not None:
            found.add(f"cap.{result.binding_cap}")
        for reason in result.reasons:
            if reason.met is False:
                known = reason.code.startswith("once.")
                found.add(reason.code if known else f"requirement.{reason.code}")
        chosen = {**(entry.cases.example_call or {}), **(case.settings or {})}
        found |= {f"{code}={value}" for code, value in chosen.items() if isinstance(value, str)}
    return found


def missing(entry: DefinitionEntry, results: Iterable[tuple[Case, Computation]]) -> list[str]:
    """The parts of the definition that no golden case shows, in their order."""
    seen = shown(entry, results)
    return [part for part in parts(entry.schema) if part not in seen]
