"""From a data folder of an older PostgreSQL to ours: dump, reload, compare; the old one is kept.

The wheel has one major version, so the old programs come from ``PG_BIN_OLD`` (a distribution's
package, or the older wheel unpacked).
"""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from portal import backups
from portal.embedded import paths
from portal.embedded.errors import PostgresError
from portal.embedded.programs import version

if TYPE_CHECKING:
    from portal.embedded.postgres import Postgres


def upgrade(server: "Postgres", programs: Path, theirs: int) -> None:
    """Replace the cluster by one of our version with the same data. The server is stopped and held.

    The dump stays in ``backups/``, the old cluster beside the new one. On any failure the old
    cluster is in its place again.
    """
    ours = version(programs)
    old = Path(os.environ.get("PG_BIN_OLD", "/nowhere"))
    if theirs > ours or not (old / "postgres").exists() or version(old) != theirs:
        raise PostgresError(
            f"{server.cluster} was written by PostgreSQL {theirs}, the programs are {ours}. "
            + (
                f"Set PG_BIN to the programs of PostgreSQL {theirs}."
                if theirs > ours
                else f"Set PG_BIN_OLD to the folder with the programs of PostgreSQL {theirs}"
                f" (Debian: /usr/lib/postgresql/{theirs}/bin) and start again: the data are dumped"
                " into backups/ and loaded into a new data folder; the old one is kept."
            )
        )
    stamp = f"{theirs}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    dump = server.data_dir / "backups" / f"before-upgrade-{stamp}.dump"
    dump.parent.mkdir(exist_ok=True)
    print(f"PostgreSQL {theirs} → {ours}: dumping into {dump}", file=sys.stderr)
    server.launch(old)
    try:
        before = _hashes(server)
        _run(programs / "pg_dump", server, "--format=custom", f"--file={dump}")
    finally:
        server.shut_down()
    cluster = server.cluster.resolve()
    kept = cluster.with_name(f"{cluster.name}.{stamp}")
    cluster.rename(kept)
    try:
        server.create(programs)
        server.launch(programs)
        server.prepare()
        _run(programs / "pg_restore", server, "--single-transaction", "--exit-on-error", dump)
        if (after := _hashes(server)) != before:
            differ = sorted(name for name in before if after.get(name) != before[name])
            raise PostgresError(f"tables differ after the upgrade: {', '.join(differ)}")
    except BaseException:
        server.shut_down()
        shutil.rmtree(cluster, ignore_errors=True)
        kept.rename(cluster)
        raise
    server.shut_down()
    print(f"PostgreSQL {theirs} → {ours}: done; the old data are in {kept}", file=sys.stderr)


def _hashes(server: "Postgres") -> dict[str, dict]:
    with psycopg.connect(server.conninfo(paths.DATABASE)) as connection:
        return backups.table_hashes(connection)


def _run(program: Path, server: "Postgres", *arguments: str | Path) -> None:
    done = subprocess.run(
        [program, f"--dbname={server.conninfo(paths.DATABASE)}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PostgresError(f"{program.name} failed: {done.stderr.strip()[-2000:]}")
