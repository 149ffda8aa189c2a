"""Reading YAML strictly: no duplicate keys, no guessed types, every value's line known."""

import re
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

import yaml

from policy.strict import Path as Place
from policy.strict import SchemaError


class CatalogueError(Exception):
    """A fault in a file of the catalogue, said as ``file:line: reason``."""

    def __init__(self, file: Path | str, line: int | None, reason: str):
        self.file, self.line, self.reason = Path(file), line, reason
        super().__init__(f"{self.file}:{line}: {reason}" if line else f"{self.file}: {reason}")


# libyaml's parser, ten times as fast as PyYAML's own, which serves where libyaml was not built in.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StrictLoader(_Loader):
    """Only text, whole numbers, true, false and null; fractions and dates are written as text."""

    yaml_implicit_resolvers: dict = {}


def _refuse_aliases(text: str) -> None:
    if "*" not in text:
        return
    for event in yaml.parse(text, Loader=StrictLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(
                None,
                None,
                f"alias *{event.anchor} is not allowed",
                event.start_mark,  # type: ignore[arg-type]
            )


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^(?:0|-?[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-.0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first)
    )


class YamlFile:
    """A file's plain data, and the line on which each part of it stands."""

    def __init__(self, file: Path, shown: Path):
        self.file, self.shown = file, shown
        self._lines: dict[Place, int] = {}
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError as fault:
            line = fault.object[: fault.start].count(b"\n") + 1
            raise CatalogueError(shown, line, f"not UTF-8 at byte {fault.start}") from None
        # Before libyaml, which tells the place in bytes.
        if found := yaml.reader.Reader.NON_PRINTABLE.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise CatalogueError(shown, line, "special characters are not allowed")
        loader = StrictLoader(text)
        try:
            _refuse_aliases(text)
            node = loader.get_single_node()
            if node is None:
                raise CatalogueError(shown, 1, "file is empty")
            self.data = self._plain(loader, node, ())
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark or fault.context_mark
            raise CatalogueError(shown, mark.line + 1 if mark else 1, str(fault.problem)) from None
        finally:
            loader.dispose()

    def line(self, place: Place) -> int:
        """The line of the part, or of the nearest part around it."""
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]

    def relined(self, lines: Mapping[Place, int]) -> "YamlFile":
        """The same file where its data were put together anew and stand at other places."""
        found = copy(self)
        found._lines = dict(lines)
        return found

    def fault(self, place: Place, reason: str) -> CatalogueError:
        return CatalogueError(self.shown, self.line(place), reason)

    def located(self, error: SchemaError) -> CatalogueError:
        return self.fault(error.path, str(error))

    def _plain(self, loader: StrictLoader, node: yaml.Node, place: Place) -> Any:
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(loader, item, (*place, no)) for no, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:float":
            raise self.fault(place, f"write the fraction {node.value} as text, in quotes")
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise self.fault(place, f"tag {node.tag} is not allowed")
        return loader.construct_object(node)

    def _mapping(self, loader: StrictLoader, node: yaml.MappingNode, place: Place) -> Mapping:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                raise CatalogueError(self.shown, line, "a key is a word")
            if key in values:
                raise CatalogueError(self.shown, line, f"key {key!r} stands twice")
            self._lines[(*place, key)] = line
            values[key] = self._plain(loader, value_node, (*place, key))
        return values
