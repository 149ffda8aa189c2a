"""Checking the catalogue: quotes against the document, golden cases, replays."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from policy import call_settings, coverage
from policy.computing import (
    Computation,
    InputsRefused,
    Scope,
    accounts,
    canonical,
    compute,
    replay,
    stack_accounts,
)
from policy.entries import CATALOGUE, Case, CaseKind, Catalogue, DefinitionEntry
from policy.schema import parse
from policy.strict import Path as Place
from policy.yamls import CatalogueError, YamlFile

ARTICLE = re.compile(r"(\d{1,2})[.．](?=\D)")
UNITS = re.compile(r"[（(〔]责任单位：(.+)，江北新区、各区[）)〕]$")
QUOTES = {"clause", "why"}


@dataclass
class Report:
    """What was looked at, and what was wrong."""

    articles: int = 0
    lines: int = 0
    definitions: int = 0
    quotes: int = 0
    cases: int = 0
    sentences: int = 0
    # Sentences without money, and those that speak of money but have no rule, with the reason.
    without_money: list[tuple[int, str, str]] = field(default_factory=list)
    faults: list[CatalogueError] = field(default_factory=list)


def squeeze(text: str) -> str:
    """The text without white space: what a quote and the document are compared by."""
    return re.sub(r"\s+", "", text)


def article_texts(text: str) -> dict[int, str]:
    """The document's articles by number, each a paragraph of its own line, number cut off."""
    found = {}
    for paragraph in text.splitlines():
        if match := ARTICLE.match(paragraph):
            found[int(match[1])] = paragraph[match.end() :]
    return found


def check(root: Path = CATALOGUE) -> Report:
    """Read and check a catalogue. A file that cannot be read is the report's only fault."""
    report = Report()
    try:
        catalogue = Catalogue(root)
    except CatalogueError as fault:
        report.faults.append(fault)
        return report
    articles = article_texts(catalogue.text)
    report.faults += _check_document(catalogue, articles)
    report.articles = len(catalogue.document.articles)
    report.faults += _check_sentences(catalogue, articles)
    report.sentences = len(catalogue.sentences)
    report.without_money = [
        (row.article, row.text, row.why.zh if row.why else "")
        for row in catalogue.sentences
        if not row.lines
    ]
    for file, measure in catalogue.measures:
        report.lines += 1
        report.quotes += 1
        article = articles.get(measure.article, "")
        if squeeze(measure.clause) not in squeeze(article):
            report.faults.append(_misquoted(file, ("clause",), measure.clause, measure.article))
    for entry in catalogue.definitions:
        report.definitions += 1
        article_no = catalogue.measure(entry.line).article
        for place, quote in _quotes(entry.body, ()):
            report.quotes += 1
            if squeeze(quote) not in squeeze(articles.get(article_no, "")):
                reason = f"not in the text of article {article_no}: {quote}"
                report.faults.append(entry.fault(place, reason))
        report.cases += len(entry.cases.cases)
        report.faults += _check_cases(entry)
    return report


def _misquoted(file: YamlFile, place: Place, quote: str, article: int) -> CatalogueError:
    return file.fault(place, f"not in the text of article {article}: {quote}")


def _quotes(data: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Every quote in a definition's body, and where it stands."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in QUOTES and isinstance(value, str):
                yield (*place, key), value
            else:
                yield from _quotes(value, (*place, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _quotes(value, (*place, number))


def _check_document(catalogue: Catalogue, articles: Mapping[int, str]) -> Iterator[CatalogueError]:
    """Titles and responsible units are those of the text, in its order; nothing is left out."""
    file, document = catalogue.document_file, catalogue.document
    names = {unit.code: unit.name.zh for unit in catalogue.units}
    listed = [entry.article for entry in document.articles]
    if listed != sorted(articles):
        missing = sorted(set(articles) ^ set(listed)) or listed
        yield file.fault(("articles",), f"articles of the text and of the list differ: {missing}")
    paragraphs = {squeeze(line) for line in catalogue.text.splitlines()}
    covered = [no for part in document.parts for no in range(part.first, part.last + 1)]
    for index, part in enumerate(document.parts):
        if squeeze(part.heading) not in paragraphs:
            yield file.fault(("parts", index, "heading"), f"no heading of the text: {part.heading}")
    if document.parts and covered != listed:
        yield file.fault(("parts",), "the parts do not cover the articles one after another")
    for index, entry in enumerate(document.articles):
        here = ("articles", index)
        text = articles.get(entry.article, "")
        if not text.startswith(f"{entry.title.zh}。"):
            yield file.fault(
                (*here, "title"), f"title of article {entry.article} is not the text's"
            )
        unknown = [code for code in entry.units if code not in names]
        if unknown:
            yield file.fault((*here, "units"), f"units.yaml has no unit {unknown[0]!r}")
            continue
        named = UNITS.search(text)
        if named is None or named[1].split("、") != [names[code] for code in entry.units]:
            reason = f"responsible units of article {entry.article} are not the text's"
            yield file.fault((*here, "units"), reason)
    for measure_file, measure in catalogue.measures:
        if measure.article not in listed:
            yield measure_file.fault(("article",), f"no article {measure.article} in document.yaml")


# Words of a sentence that promises money, or speaks of it.
FUNDING = re.compile("资助|奖励|补贴|补偿|万元|资金|基金|经费")


def _check_sentences(catalogue: Catalogue, articles: Mapping[int, str]) -> Iterator[CatalogueError]:
    """Every sentence of the text is listed once, in its order; every one that speaks of money has
    a line with a rule, or says why it has none; every line stands under the sentence it quotes."""
    file = catalogue.sentences_file
    clauses = {measure.line: squeeze(measure.clause) for _file, measure in catalogue.measures}
    left = {no: squeeze(re.split("[（(〔]责任单位", text)[0]) for no, text in articles.items()}
    seen: set[str] = set()
    for index, row in enumerate(catalogue.sentences):
        here, sentence = ("sentences", index), squeeze(row.text)
        if not left.get(row.article, "").startswith(sentence):
            yield file.fault((*here, "text"), f"not the next sentence of article {row.article}")
        else:
            left[row.article] = left[row.article].removeprefix(sentence)
        for line in row.lines:
            clause = clauses.get(line, "").rstrip("。；")
            if not clause or not (clause in sentence or sentence.rstrip("。；") in clause):
                yield file.fault((*here, "lines"), f"line {line} does not quote this sentence")
        seen |= set(row.lines)
        if not row.lines and row.why is None and FUNDING.search(sentence):
            yield file.fault(here, f"speaks of money, has no rule and no why: {row.text}")
    for number, rest in left.items():
        if rest:
            yield file.fault((), f"article {number}: not listed from “{rest[:20]}” on")
    for line in sorted(set(clauses) - seen):
        yield file.fault((), f"line {line} stands under no sentence")


# --- golden cases -----------------------------------------------------------------


def _check_cases(entry: DefinitionEntry) -> Iterator[CatalogueError]:
    cases, file = entry.cases, entry.files["cases"]
    if parse(json.loads(canonical(entry.body))) != entry.schema:
        yield entry.fault((), "the definition does not survive being stored")
    covered = {case.kind for case in cases.cases}
    excused = {item.kind for item in cases.not_applicable}
    for kind in get_args(CaseKind):
        if (kind in covered) is (kind in excused):
            both = "is both a case and not applicable" if kind in covered else "has no case"
            yield file.fault((), f"kind {kind} {both}")
    if cases.example_call is not None:
        for wrong in call_settings.problems(entry.schema, cases.example_call).values():
            yield file.fault(("example_call",), f"example_call: {wrong}")
    results: list[tuple[Case, Computation]] = []
    for index, case in enumerate(cases.cases):
        for reason in _check_case(entry, case, results):
            yield file.fault(("cases", index), f"case {case.code}: {reason}")
    for part in coverage.missing(entry, results):
        yield file.fault((), f"no case shows {part}")


def run(entry: DefinitionEntry, case: Case) -> Computation:
    """The case computed: under the example call with the case's own settings, or without one."""
    schema = entry.schema
    settings = None
    if not case.without_call:
        settings = {**(entry.cases.example_call or {}), **(case.settings or {})}
    on = case.on or max(entry.valid_from, date(2026, 3, 2))
    subjects: dict[str, str] = {cap.scope: "this" for cap in schema.cap_plan(settings or {})}
    scope = Scope(subjects=subjects, year=on.year, call="this", budget_cny=case.budget_cny)
    keys = {
        account.code: account.key for account in accounts(schema, settings=settings, scope=scope)
    }
    keys |= {
        stack.code: stack.key for stack in stack_accounts(schema, settings=settings, scope=scope)
    }
    unknown = [item.cap for item in case.committed if item.cap not in keys]
    if unknown:
        raise KeyError(f"no cap {unknown[0]!r}")
    committed = {(item.cap, keys[item.cap]): item.amount_cny for item in case.committed}
    return compute(
        schema, inputs=case.inputs, settings=settings, committed=committed, on=on, scope=scope
    )


def _check_case(entry: DefinitionEntry, case: Case, results: list) -> Iterator[str]:
    try:
        result = run(entry, case)
    except InputsRefused as refused:
        yield f"inputs refused: {refused}"
        return
    except KeyError as fault:
        yield str(fault.args[0])
        return
    results.append((case, result))
    expect = case.expect
    found = {
        "eligible": result.eligible,
        "computed_cny": result.computed_cny,
        "capped_cny": result.capped_cny,
        "binding_cap": result.binding_cap,
        "not_met": tuple(reason.code for reason in result.reasons if reason.met is False),
        "missing_settings": result.missing_settings,
    }
    for name, value in found.items():
        wanted = getattr(expect, name)
        if value != wanted:
            yield f"{name} is {_shown(value)}, not {_shown(wanted)}"
    if reason := _wrong_kind(case, result):
        yield reason
    if replay(entry.schema, result.as_json()).canonical() != result.canonical():
        yield "replaying the stored computation gives other bytes"


def _wrong_kind(case: Case, result: Computation) -> str | None:
    """A case shows what its kind says."""
    rooms = {room.left_cny for room in result.rooms}
    shows = {
        "below": result.capped_cny is not None
        and result.capped_cny == result.computed_cny
        and result.capped_cny not in rooms,
        "at": result.binding_cap is None and result.capped_cny in rooms,
        "above": result.binding_cap is not None,
        "excluded": any(
            step.code.startswith("excluded.") and Decimal(step.value or 0) for step in result.steps
        ),
        "not_eligible": result.eligible is False,
        "boundary": True,
        "open": case.without_call and bool(result.missing_settings),
    }
    return None if shows[case.kind] else f"the result does not show kind {case.kind}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return "null" if value is None else str(value)
