"""Parts that several lines share: ``use`` in a file stands for an entry of shared.yaml or shared/.

::

    - use: project_section           the entry, with the other keys laid over it
      why: 按企业投入的10%给予最高200万元资助
      omit: [site_in_nanjing]        parts with these codes are left out
      change: {leader_name: {…}}     keys laid over the part with that code
      add: {table.columns: […]}      items appended to a list of the entry
    - use: usual_attachments         an entry that is a list stands for all of its items
    - input: premium_cny             in a form: the award rule's input, asked as it stands there

A part is any item of a list that has a ``code``. Where a stage is left out, the stage before it
goes on to the one after it. Entries may use other entries. Every fault names file and line.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policy.strict import Path as Place
from policy.yamls import YamlFile

REFERENCES = ("use", "input")
VARIATIONS = ("omit", "change", "add")


class Shared:
    """The entries of shared.yaml and of the files of shared/ by name, each expanded once."""

    def __init__(self, files: Iterable[YamlFile]):
        self._files: dict[str, YamlFile] = {}
        self._found: dict[str, Any] = {}
        self._open: list[str] = []
        for file in files:
            if not isinstance(file.data, Mapping):
                raise file.fault((), "expected a mapping of entries by name")
            for name in file.data:
                if name in self._files:
                    other = self._files[name].shown
                    raise file.fault((name,), f"{name!r} stands in {other} already")
                self._files[name] = file

    def __contains__(self, name: Any) -> bool:
        return isinstance(name, str) and name in self._files

    def entry(self, name: str) -> Any:
        """A copy of the entry, expanded; CatalogueError where it comes to use itself."""
        file = self._files[name]
        if name not in self._found:
            if name in self._open:
                raise file.fault((name,), f"{name!r} comes to use itself")
            self._open.append(name)
            expansion = Expansion(file, self)
            self._found[name] = expansion.expand(file.data[name], (name,), (name,))
            self._open.pop()
        return _copy(self._found[name])


class Expansion:
    """A file's data with its references replaced; ``lines`` says where each part stands."""

    def __init__(self, file: YamlFile, shared: Shared, inputs: Mapping[str, Any] | None = None):
        self.file, self.shared, self.inputs = file, shared, inputs
        self.lines: dict[Place, int] = {}

    def expand(self, data: Any, place: Place, at: Place) -> Any:
        """``data`` of the file's ``place`` as it stands ``at`` its place in the definition."""
        self.lines[at] = self.file.line(place)
        if isinstance(data, list):
            return self._list(data, place, at)
        if not isinstance(data, Mapping):
            return data
        if (reference := self._reference(data)) is not None:
            return self._vary(reference, data, place, at)
        return {key: self.expand(value, (*place, key), (*at, key)) for key, value in data.items()}

    def _list(self, data: list, place: Place, at: Place) -> list:
        found: list[Any] = []
        for number, item in enumerate(data):
            here, there = (*place, number), (*at, len(found))
            reference = self._reference(item) if isinstance(item, Mapping) else None
            if reference is not None and isinstance(self._entry(reference, item, here), list):
                # The items of the entry stand in this list themselves.
                varied = self._vary(reference, item, here, at, first=len(found))
                for index in range(len(varied)):
                    self.lines.setdefault((*at, len(found) + index), self.file.line(here))
                found += varied
            else:
                found.append(self.expand(item, here, there))
        return found

    def _reference(self, data: Mapping) -> str | None:
        known = REFERENCES if self.inputs is not None else REFERENCES[:1]
        return next((key for key in known if key in data), None)

    def _entry(self, reference: str, data: Mapping, place: Place) -> Any:
        name = data[reference]
        if reference == "use":
            if name not in self.shared:
                raise self.file.fault((*place, "use"), f"shared.yaml has no {name!r}")
            return self._asked(self.shared.entry(name), (*place, "use"))
        return self._input(name, (*place, "input"))

    def _input(self, name: Any, place: Place) -> dict:
        if self.inputs is None or name not in self.inputs:
            raise self.file.fault(place, f"award.yaml has no input {name!r}")
        return _copy(self.inputs[name])

    def _asked(self, data: Any, place: Place) -> Any:
        """A shared entry with the inputs that it names put in, where the line's rule has them."""
        if isinstance(data, list):
            return [self._asked(item, place) for item in data]
        if self.inputs is None or not isinstance(data, dict):
            return data
        if "input" in data:
            own = {key: value for key, value in data.items() if key != "input"}
            return self._input(data["input"], place) | own
        return {key: self._asked(value, place) for key, value in data.items()}

    def _vary(
        self, reference: str, data: Mapping, place: Place, at: Place, *, first: int = 0
    ) -> Any:
        """The entry with what ``data`` leaves out, changes, adds and lays over it."""
        entry = self._entry(reference, data, place)
        self._omit(entry, data.get("omit", []), (*place, "omit"))
        for code, keys in self._mapping(data, "change", place).items():
            here = (*place, "change", code)
            part, path = self._part(entry, code, here)
            if not isinstance(keys, Mapping):
                raise self.file.fault(here, "expected a mapping of keys to lay over the part")
            if isinstance(entry, list):
                path = (int(path[0]) + first, *path[1:])
            for key, value in keys.items():
                part[key] = self.expand(value, (*here, key), (*at, *path, key))
        for key, items in self._mapping(data, "add", place).items():
            here = (*place, "add", key)
            known, path = self._list_at(entry, key, here)
            if not isinstance(items, list):
                raise self.file.fault(here, "add takes lists")
            for index, item in enumerate(items):
                there = (*at, *path, len(known))
                known.append(self.expand(item, (*here, index), there))
        return self._lay_over(entry, reference, data, place, at)

    def _lay_over(self, entry: Any, reference: str, data: Mapping, place: Place, at: Place) -> Any:
        own = {key: value for key, value in data.items() if key not in (reference, *VARIATIONS)}
        if not own:
            return entry
        if not isinstance(entry, Mapping):
            reason = f"{data[reference]!r} of shared.yaml is a list: no keys can be laid over it"
            raise self.file.fault((*place, reference), reason)
        return dict(entry) | {
            key: self.expand(value, (*place, key), (*at, key)) for key, value in own.items()
        }

    def _list_at(self, entry: Any, key: str, place: Place) -> tuple[list, Place]:
        """The list of the entry that the key names (``checks``, ``table.columns``)."""
        *above, last = path = tuple(key.split("."))
        for name in above:
            entry = entry.get(name) if isinstance(entry, Mapping) else None
        if not isinstance(entry, dict) or not isinstance(entry.setdefault(last, []), list):
            raise self.file.fault(place, f"the entry has no list {key!r}")
        return entry[last], path

    def _mapping(self, data: Mapping, key: str, place: Place) -> Mapping:
        found = data.get(key, {})
        if not isinstance(found, Mapping):
            raise self.file.fault((*place, key), f"{key} is a mapping")
        return found

    def _part(self, entry: Any, code: str, place: Place) -> tuple[dict, Place]:
        found = [(part, path) for _parts, part, path in _parts(entry, ()) if part["code"] == code]
        if len(found) != 1:
            many = "no part" if not found else f"{len(found)} parts"
            raise self.file.fault(place, f"{many} with the code {code!r}")
        return found[0]

    def _omit(self, entry: Any, codes: Any, place: Place) -> None:
        if not isinstance(codes, list):
            raise self.file.fault(place, "omit is a list of codes")
        for index, code in enumerate(codes):
            part, _path = self._part(entry, code, (*place, index))
            parts = next(parts for parts, found, _at in _parts(entry, ()) if found is part)
            parts.remove(part)
            for other in parts:
                if isinstance(other, dict) and other.get("next") == code:
                    _relink(other, part.get("next"))


def _copy(data: Any) -> Any:
    """A copy of plain data, ten times as fast as ``deepcopy``."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_copy(item) for item in data]
    return data


def _relink(stage: dict, after: str | None) -> None:
    if after is None:
        del stage["next"]
    else:
        stage["next"] = after


def _parts(data: Any, place: Place) -> Iterator[tuple[list, dict, Place]]:
    """Every list item with a code, the list that it stands in, and its place below ``data``."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _parts(value, (*place, key))
    elif isinstance(data, list):
        for number, item in enumerate(data):
            if isinstance(item, dict) and "code" in item:
                yield data, item, (*place, number)
            yield from _parts(item, (*place, number))
