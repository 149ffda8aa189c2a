"""The settings that every call has because the document leaves the same things open everywhere.

Their texts stand in ``shared/settings.yaml``; which of them a definition gets follows from its parts. They
are added when the files are read, so that a stored definition names every setting of its calls.
What a line's own settings.yaml has is never added again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from policy.including import Shared

Entry = dict[str, Any]

# Where a cap's scope is not stated a call may choose one of these, beside the cap's own.
OTHER_SCOPES = ("project", "result", "organisation")


def added(
    body: Mapping[str, Any],
    *,
    shared: Shared,
    stacking: Iterable[Entry],
    units: Iterable[str],
    lines: Iterable[str],
) -> dict[str, Any]:
    """The body with its rules of stacking and the common settings.

    ``units``: codes of the article's units, the lead first; ``lines``: every line with money.
    Both stand here by their codes alone: a name that changes is no change of the definition
    (``policy.naming`` names them where they are shown). A catalogue without an entry goes
    without the setting.
    """
    stacks = [entry for entry in stacking if body["line"] in entry["lines"]]
    wanted = [
        *_of_caps(body),
        *_of_stacking(stacks, body["award"].get("kind")),
        *_of_places(body),
        *_of_money(body, list(lines)),
        *_of_partners(body),
        *_of_handling(list(units)),
        *_of_nomination(body),
    ]
    own = list(body.get("settings", []))
    known = {setting["code"] for setting in own if isinstance(setting, Mapping)}
    for name, more in wanted:
        if name not in shared:
            continue
        setting = _laid(shared.entry(name), more)
        if setting["code"] in known:
            continue
        known.add(setting["code"])
        own.append(setting)
    found = dict(body)
    if stacks:
        found["stacking"] = stacks
    if own:
        found["settings"] = own
    return found


def _laid(template: Entry, more: Entry) -> Entry:
    """The template with ``more`` over it; ``of`` names the part that it is a setting of."""
    laid = {**template, **{key: value for key, value in more.items() if key not in {"of", "only"}}}
    if of := more.get("of"):
        laid["label"] = {
            "zh": f"{of['zh']}：{template['label']['zh']}",
            "en": f"{of['en']}: {template['label']['en'][0].lower()}{template['label']['en'][1:]}",
        }
    if only := more.get("only"):
        laid["choices"] = [row for row in template["choices"] if row["code"] in only]
    return laid


def _of_caps(body: Mapping[str, Any]) -> Iterable[tuple[str, Entry]]:
    for cap in body.get("caps", []):
        code, of = cap["code"], cap["label"]
        if cap.get("scope_source", "inferred") == "inferred":
            only = {cap["scope"], *OTHER_SCOPES}
            more = {"code": f"{code}.scope", "default": cap["scope"], "of": of, "only": only}
            yield "cap_scope", more
        if cap.get("period_source", "inferred") == "inferred":
            yield "cap_period", {"code": f"{code}.period", "default": cap["period"], "of": of}
        if cap.get("once_source", "inferred") == "inferred":
            once = cap.get("once", False)
            yield "cap_once", {"code": f"{code}.once", "default": once, "of": of}
        yield "cap_amount", {"code": f"{code}.amount_cny", "max": cap["amount_cny"], "of": of}


def _of_stacking(stacks: Iterable[Entry], kind: str) -> Iterable[tuple[str, Entry]]:
    for stack in stacks:
        code, of = stack["code"], stack["label"]
        # A recognition without money has no amount that could be topped up.
        modes = {"none", "exclude"} if kind == "none" else {"none", "exclude", "higher", "top_up"}
        yield "stacking_mode", {"code": f"{code}.mode", "of": of, "only": modes}
        yield "stacking_scope", {"code": f"{code}.scope", "default": stack["scope"], "of": of}


def _of_places(body: Mapping[str, Any]) -> Iterable[tuple[str, Entry]]:
    quota = body.get("quota")
    if quota is not None:
        yield "quota_meaning", {"default": quota.get("meaning", "total")}
        yield "quota_exit", {"default": quota.get("exit_frees", True)}
    yield "waiting_list", {}
    yield "cases_per_organisation", {}


def _of_money(body: Mapping[str, Any], lines) -> Iterable[tuple[str, Entry]]:
    yield "award_year", {}
    yield "fiscal_year_start", {}
    if body["award"].get("kind") == "none":
        return
    if not body.get("caps"):
        yield "case_limit", {}
    yield "group_limit", {}
    yield "group_lines", {"choices": [_bare(line) for line in lines]}
    yield "group_period", {}
    yield "budget_short", {}
    yield "city_share", {}
    yield "instalments", {}


# The table of a form in which partners stand with their shares.
PARTNERS = "partners"


def _of_partners(body: Mapping[str, Any]) -> Iterable[tuple[str, Entry]]:
    """Whom a project of several organisations is paid to, where its form asks their shares."""
    groups = body.get("form", {}).get("groups", []) if body["award"].get("kind") != "none" else []
    for group in groups:
        for section in group.get("sections", []):
            if (section.get("table") or {}).get("code") == PARTNERS:
                yield "payee_rule", {}


def _of_handling(units) -> Iterable[tuple[str, Entry]]:
    if units:
        yield "handling_unit", {"choices": [_bare(code) for code in units], "default": units[0]}


def _of_nomination(body: Mapping[str, Any]) -> Iterable[tuple[str, Entry]]:
    if isinstance(body.get("direct_award"), Mapping):
        yield "nominates", {}
        yield "confirm_workdays", {}


def _bare(code: str) -> Entry:
    return {"code": code, "label": {"zh": code, "en": code}}
