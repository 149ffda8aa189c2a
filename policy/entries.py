"""The catalogue's files as entries: read strictly, put together, nothing written anywhere.

::

    document.yaml, document.txt    the document, its articles and their units
    sentences.yaml                 every sentence of the text with its lines, or without money
    units.yaml                     responsible units and districts
    shared.yaml, shared/*.yaml     fields, settings, sections, plans … that several lines use
    stacking.yaml                  lines whose support for one subject may not simply add up
    10-1/measure.yaml              the measure
    10-1/2024-08-27/*.yaml         its definition from that date on, one file per part
    10-1/2024-08-27/cases.yaml     golden cases: inputs and what must come out

Anywhere in a definition ``{use: name, …}`` stands for the entry ``name`` of shared.yaml (see
``policy.including``).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from policy import call_settings, common_settings
from policy.computing import canonical
from policy.including import Expansion, Shared
from policy.schema import DefinitionSchema, SchemaError, Stacking, Text
from policy.schema.award import DEDUCTION_INPUTS
from policy.schema.definition import parse
from policy.strict import Path as Place
from policy.strict import Wrong, build
from policy.yamls import CatalogueError, YamlFile

CATALOGUE = Path(__file__).resolve().parent / "catalogue"
# The folder of what several lines share; every other folder is a line.
SHARED = "shared"
LINE = re.compile(r"(\d{1,2})-(\d)([a-d]?)")

# What a call decides where the base is summed up from invoices.
BASE_SETTINGS = {
    "categories": "multichoice",
    "window_start": "date",
    "window_end": "date",
    "exclude_related": "bool",
    "exclude_fiscal": "bool",
    "tax_inclusive": "bool",
}

# The file of each part of a definition. In a file with one part the keys stand at the top.
PARTS = {
    "award": "award.yaml",
    "caps": "caps.yaml",
    "quota": "caps.yaml",
    "identities": "caps.yaml",
    "eligibility": "eligibility.yaml",
    "settings": "settings.yaml",
    "form": "form.yaml",
    "attachments": "attachments.yaml",
    "rubric": "rubric.yaml",
    "stages": "stages.yaml",
    "direct_award": "stages.yaml",
    "letters": "letters.yaml",
}
AT_TOP = {"award", "eligibility", "form", "rubric"}
# Where a file of the catalogue that is missing is referred to: files, and the words of the line.
REFERRED = {
    "document.yaml": ("*/measure.yaml", "article:"),
    "document.txt": ("document.yaml", "articles:"),
    "units.yaml": ("document.yaml", "units:"),
    "sentences.yaml": ("*/measure.yaml", "clause:"),
    "shared.yaml": ("*/*/*.yaml", "use:"),
}
UNIT_KINDS = Literal[
    "bureau",
    "party_organ",
    "court",
    "procuratorate",
    "district",
    "state_group",
    "central_bank",
    "customs",
    "arbitration",
    "other",
]
KINDS = Literal[
    "grant",
    "reward",
    "subsidy",
    "compensation",
    "recognition",
    "cultivation",
    "support",
    "ranking",
    "list",
]


@dataclass(frozen=True)
class UnitEntry:
    code: str
    kind: UNIT_KINDS
    short: str
    name: Text


@dataclass(frozen=True)
class UnitsEntry:
    units: tuple[UnitEntry, ...]

    def check(self):
        seen: set[str] = set()
        for index, unit in enumerate(self.units):
            if not re.fullmatch(r"[a-z][a-z0-9-]*", unit.code) or unit.code in seen:
                raise Wrong(f"code {unit.code!r} is not ASCII, or stands twice", "units", index)
            seen.add(unit.code)


@dataclass(frozen=True)
class ArticleEntry:
    article: int
    title: Text
    units: tuple[str, ...]


@dataclass(frozen=True)
class PartEntry:
    """A part (一、二、…) of the document: a group of the catalogue."""

    code: str
    heading: str
    label: Text
    first: int
    last: int

    def check(self):
        if not 1 <= self.first <= self.last:
            raise Wrong(f"articles {self.first} to {self.last}", "first")


@dataclass(frozen=True)
class DocumentEntry:
    number: str
    title: Text
    issuer: Text
    issued_on: date
    articles: tuple[ArticleEntry, ...]
    parts: tuple[PartEntry, ...] = ()


@dataclass(frozen=True)
class MeasureEntry:
    """``clause_en`` is a translation for reading, without force."""

    line: str
    article: int
    name: Text
    kinds: tuple[KINDS, ...]
    recipients: Text
    clause: str
    clause_en: str
    money: bool

    def check(self):
        match = LINE.fullmatch(self.line)
        if match is None:
            raise Wrong(f"{self.line!r} is not a line such as 10-1 or 3-1a", "line")
        if int(match[1]) != self.article:
            raise Wrong(f"line {self.line} is not of article {self.article}", "article")
        if not self.kinds:
            raise Wrong("at least one kind", "kinds")

    @property
    def sort_key(self) -> tuple[int, int, str]:
        article, _dash, rest = self.line.partition("-")
        number = rest.rstrip("abcd")
        return int(article), int(number), rest.removeprefix(number)


@dataclass(frozen=True)
class SentenceEntry:
    """A sentence of an article: the lines whose rule it is, or why it has none although it speaks
    of money. Neither: a sentence without money."""

    article: int
    text: str
    lines: tuple[str, ...] = ()
    why: Text | None = None

    def check(self):
        if self.lines and self.why is not None:
            raise Wrong("a sentence with lines needs no why", "why")


@dataclass(frozen=True)
class SentencesEntry:
    sentences: tuple[SentenceEntry, ...]


@dataclass(frozen=True)
class StackingEntry:
    stacking: tuple[Stacking, ...]


CaseKind = Literal["below", "at", "above", "excluded", "not_eligible", "boundary", "open"]


@dataclass(frozen=True)
class Commitment:
    """What an account already holds; the subject is the case's own."""

    cap: str
    amount_cny: Decimal


@dataclass(frozen=True)
class Expectation:
    """What must come out, whole: what is not named must be empty."""

    eligible: bool | None = None
    computed_cny: Decimal | None = None
    capped_cny: Decimal | None = None
    binding_cap: str | None = None
    not_met: tuple[str, ...] = ()
    missing_settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A golden case. ``settings`` are laid over the example call; ``without_call`` has none."""

    code: str
    kind: CaseKind
    inputs: Any
    expect: Expectation
    settings: Any = None
    without_call: bool = False
    committed: tuple[Commitment, ...] = ()
    budget_cny: Decimal | None = None
    on: date | None = None


@dataclass(frozen=True)
class NotApplicable:
    kind: CaseKind
    reason: str


@dataclass(frozen=True)
class Cases:
    """``example_call``: settings of an invented call, where the document leaves things open, and
    its name."""

    cases: tuple[Case, ...]
    example_call: Any = None
    example_call_name: Text | None = None
    not_applicable: tuple[NotApplicable, ...] = ()

    def check(self):
        if self.example_call is not None and self.example_call_name is None:
            raise Wrong("an example call has a name: example_call_name", "example_call")
        seen: set[str] = set()
        for index, case in enumerate(self.cases):
            if case.code in seen:
                raise Wrong(f"case {case.code!r} stands twice", "cases", index, "code")
            seen.add(case.code)


@dataclass(frozen=True)
class DefinitionEntry:
    """A dated definition: its body as plain data, what it parses to, its golden cases."""

    line: str
    valid_from: date
    body: Mapping[str, Any]
    schema: DefinitionSchema
    cases: Cases
    files: Mapping[str, YamlFile] = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        return hash_of(self.body)

    def fault(self, place: Place, reason: str) -> CatalogueError:
        """A fault in the body, said with its file and line."""
        return _locate(self.files, place, reason)


def hash_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of a definition's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


class Catalogue:
    """A folder of the catalogue, read whole. The first fault stops with CatalogueError."""

    def __init__(self, root: Path = CATALOGUE):
        self.root = Path(root)
        if not self.root.is_dir():
            raise CatalogueError(self.root, None, "folder is missing")
        self.units_file, units = self._entry(UnitsEntry, "units.yaml")
        self.units = units.units
        self.document_file, self.document = self._entry(DocumentEntry, "document.yaml")
        self.text = self._text("document.txt")
        self.sentences_file, sentences = self._entry(SentencesEntry, "sentences.yaml")
        self.sentences = sentences.sentences
        self.shared = Shared(self._shared_files())
        self.stacking = self._stacking()
        self.measures: list[tuple[YamlFile, MeasureEntry]] = []
        self.definitions: list[DefinitionEntry] = []
        folders = [folder for folder in self._folders(self.root) if folder.name != SHARED]
        for folder in folders:
            self._read_measure(folder)
        self.measures.sort(key=lambda pair: pair[1].sort_key)
        for folder in folders:
            self._read_line(folder)
        self.definitions.sort(key=lambda entry: (entry.line, entry.valid_from))

    def measure(self, line: str) -> MeasureEntry:
        return next(measure for _file, measure in self.measures if measure.line == line)

    def _measure_file(self, line: str) -> YamlFile:
        return next(file for file, measure in self.measures if measure.line == line)

    def newest(self, line: str) -> DefinitionEntry:
        return [entry for entry in self.definitions if entry.line == line][-1]

    # --- files ---

    def _shown(self, file: Path) -> Path:
        return Path(self.root.name) / file.relative_to(self.root)

    def _read(self, *parts: str) -> YamlFile:
        file = self.root.joinpath(*parts)
        if not file.exists():
            raise self._missing(file)
        return YamlFile(file, self._shown(file))

    def _missing(self, file: Path) -> CatalogueError:
        """A file that is not there, at the place that refers to it."""
        shown = self._shown(file)
        pattern, words = REFERRED.get(file.name, ("", ""))
        if file.name == "measure.yaml":
            pattern, words = "sentences.yaml", f'"{file.parent.name}"'
        elif file.parent.parent.parent == self.root:
            pattern, words = f"{file.parent.parent.name}/measure.yaml", "line:"
            if file.name != "award.yaml":
                pattern, words = f"{file.parent.relative_to(self.root)}/award.yaml", "kind:"
        reason = f"{shown} is missing"
        for other in sorted(self.root.glob(pattern)) if pattern else ():
            for number, line in enumerate(other.read_text("utf-8").splitlines(), start=1):
                if re.search(rf"(?<![a-z]){re.escape(words)}", line):
                    return CatalogueError(self._shown(other), number, f"{reason}: named here")
        return CatalogueError(shown, 1, "file is missing")

    def _shared_files(self) -> Iterator[YamlFile]:
        yield self._read("shared.yaml")
        for file in sorted((self.root / SHARED).glob("*.yaml")):
            yield self._read(SHARED, file.name)

    def _entry(self, kind, *parts: str):
        file = self._read(*parts)
        try:
            return file, build(kind, file.data)
        except SchemaError as error:
            raise file.located(error) from None

    def _text(self, name: str) -> str:
        file = self.root / name
        try:
            return file.read_text("utf-8")
        except FileNotFoundError:
            raise self._missing(file) from None
        except UnicodeDecodeError as fault:
            line = fault.object[: fault.start].count(b"\n") + 1
            reason = f"not UTF-8 at byte {fault.start}"
            raise CatalogueError(self._shown(file), line, reason) from None

    def _folders(self, parent: Path) -> Iterator[Path]:
        for folder in sorted(parent.iterdir()):
            if folder.is_dir():
                yield folder

    def _stacking(self) -> list[dict[str, Any]]:
        """The rules of stacking as plain data; a catalogue may do without."""
        if not (self.root / "stacking.yaml").exists():
            return []
        file, entry = self._entry(StackingEntry, "stacking.yaml")
        return file.data["stacking"] if entry.stacking else []

    def _common(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with what every definition gets (``policy.common_settings``)."""
        article = self.measure(body["line"]).article
        named = next((row.units for row in self.document.articles if row.article == article), ())
        return common_settings.added(
            body,
            shared=self.shared,
            stacking=self.stacking,
            units=named,
            lines=[measure.line for _file, measure in self.measures if measure.money],
        )

    def _read_measure(self, folder: Path) -> None:
        file, measure = self._entry(MeasureEntry, folder.name, "measure.yaml")
        if measure.line != folder.name:
            raise file.fault(("line",), f"line {measure.line} stands in folder {folder.name}")
        self.measures.append((file, measure))

    def _read_line(self, folder: Path) -> None:
        dates = list(self._folders(folder))
        if not dates:
            raise self._measure_file(folder.name).fault(("line",), "no dated definition")
        for dated in dates:
            self.definitions.append(self._read_definition(folder.name, dated))

    def _read_definition(self, line: str, folder: Path) -> DefinitionEntry:
        try:
            valid_from = date.fromisoformat(folder.name)
        except ValueError:
            reason = f"folder {folder.name}: a definition's is named by its date, YYYY-MM-DD"
            raise self._measure_file(line).fault(("line",), reason) from None
        known = {*PARTS.values(), "cases.yaml"}
        for found in sorted(folder.iterdir()):
            if found.name not in known:
                raise CatalogueError(self._shown(found), 1, "no such part of a definition")
        files: dict[str, YamlFile] = {}
        body: dict[str, Any] = {"line": line, "valid_from": valid_from.isoformat()}
        for name in dict.fromkeys(PARTS.values()):
            if name != "award.yaml" and not (folder / name).exists():
                continue
            file = self._read(line, folder.name, name)
            body |= self._parts(file, name, files, body)
        if isinstance(body.get("direct_award"), bool):
            raise _locate(files, ("direct_award",), "expected a mapping of what is left")
        try:
            # Parsed once as the files have it, so that a fault is the files' own.
            parse(body)
            body = self._common(body)
            schema = parse(body)
        except SchemaError as error:
            raise _locate(files, error.path, str(error)) from None
        _check_settings(schema, files)
        _check_inputs(schema, files)
        _file, cases = self._entry(Cases, line, folder.name, "cases.yaml")
        files["cases"] = _file
        return DefinitionEntry(line, valid_from, body, schema, cases, files)

    def _parts(
        self, file: YamlFile, name: str, files: dict[str, YamlFile], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A file's parts, what they share with other lines put in; ``files`` learns the lines."""
        parts = [part for part, found in PARTS.items() if found == name]
        expansion = Expansion(file, self.shared, _inputs(body) if "form" in parts else None)
        if parts[0] in AT_TOP:
            data = {parts[0]: expansion.expand(file.data, (), ())}
        else:
            if not isinstance(file.data, Mapping):
                raise file.fault((), f"expected a mapping with {' and '.join(parts)}")
            for key in file.data:
                if key not in parts:
                    raise file.fault((key,), f"unknown key {key!r}; known: {', '.join(parts)}")
            data = expansion.expand(file.data, (), ())
        for part in parts:
            files[part] = file.relined(expansion.lines)
        return data


def _inputs(body: Mapping[str, Any]) -> dict[str, Any]:
    """The award rule's inputs by code, as far as they are written as such."""
    award = body.get("award")
    inputs = award.get("inputs", []) if isinstance(award, Mapping) else []
    return {item["code"]: item for item in inputs if isinstance(item, Mapping) and "code" in item}


def _check_settings(schema: DefinitionSchema, files: Mapping[str, YamlFile]) -> None:
    """A base of invoices has its settings; a default is a value that a call could choose."""
    types = {setting.code: setting.type for setting in schema.settings}
    for code, kind in BASE_SETTINGS.items():
        if schema.award.items and types.get(code) != kind:
            reason = f"items need the setting {code!r} of type {kind}"
            raise _locate(files, ("award", "items"), reason)
    for index, setting in enumerate(schema.settings):
        try:
            if setting.default is not None:
                call_settings.clean(setting, setting.default)
        except call_settings.SettingWrong as wrong:
            place = ("settings", index, "default")
            raise _locate(files, place, f"default does not fit: {wrong}") from None


# What reviewers add to an application; a form may ask it, and need not.
REVIEWERS_INPUTS = {"proposed_cny", "performance_score", *DEDUCTION_INPUTS.values()}


def _check_inputs(schema: DefinitionSchema, files: Mapping[str, YamlFile]) -> None:
    """What the award rule reads, the form asks: a field of the same code and type."""
    if not schema.form.groups:
        return
    for index, item in enumerate(schema.award.inputs):
        asked = schema.form.fields.get(item.code)
        if item.code not in REVIEWERS_INPUTS and (asked is None or asked.type != item.type):
            reason = f"form.yaml has no field {item.code!r} of type {item.type}"
            raise _locate(files, ("award", "inputs", index), reason)


def _locate(files: Mapping[str, YamlFile], place: Place, reason: str) -> CatalogueError:
    part = str(place[0]) if place else "award"
    file = files.get(part)
    if file is None:
        return next(iter(files.values())).fault((), reason)
    return file.fault(place[1:] if part in AT_TOP else place, reason)
