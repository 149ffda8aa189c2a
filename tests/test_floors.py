"""An app imports only apps to its left in INSTALLED_APPS; the portal's own files import none."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = settings.BASE_DIR
# From left to right: portal, portal.audit, …, policy, applications, reviews, awards.
FLOORS = [app.name for app in apps.get_app_configs() if (ROOT / app.name.split(".")[0]).is_dir()]
FILES = sorted(
    path for top in {name.split(".")[0] for name in FLOORS} for path in (ROOT / top).rglob("*.py")
)


def floor_of(module: str) -> str | None:
    """The app that a dotted name belongs to: the longest that it starts with."""
    found = [app for app in FLOORS if f"{module}.".startswith(f"{app}.")]
    return max(found, key=len, default=None)


def imported(path: Path) -> list[tuple[int, str]]:
    """Line and name of all imports in a file, those inside functions included."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += [node.module] if node.module else []
            found += [(node.lineno, ".".join([*base, alias.name])) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_imports_only_from_its_own_floor_and_below(path):
    own = FLOORS.index(floor_of(".".join(path.relative_to(ROOT).with_suffix("").parts)))
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in imported(path)
        if (floor := floor_of(name)) and FLOORS.index(floor) > own
    ]
    assert upward == []


def test_floors_are_the_house_from_left_to_right():
    assert FLOORS[0] == "portal"
    assert FLOORS[-4:] == ["policy", "applications", "reviews", "awards"]
