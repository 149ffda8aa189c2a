"""Backup and restore: database, files, anchors and key in one tar with a manifest.

The dump and the tables' hashes are of one snapshot. Files are named by their content and written
before the row that names them is committed, so files that are copied after the snapshot was taken
hold every file that it names. A restore compares every hash.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

FORMAT = 1
DUMP = "database.dump"
KEY = "secret-key"
FOLDERS = ("blobs", "anchors")
_MEMBER = re.compile(r"(database\.dump|secret-key|(blobs|anchors)(/[A-Za-z0-9_][A-Za-z0-9._-]*)+)")
_CHUNK_BYTES = 1 << 20
# The text of a row must not depend on who asks.
_TEXT_SETTINGS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
# Order-independent, and exact however many rows: the sum of each quarter of the rows' SHA-256.
_TABLE_SUMS = """
SELECT count(*), sum(a), sum(b), sum(c), sum(d) FROM (
    SELECT ('x' || substr(h, 1, 15))::bit(60)::bigint::numeric AS a,
           ('x' || substr(h, 16, 15))::bit(60)::bigint::numeric AS b,
           ('x' || substr(h, 31, 15))::bit(60)::bigint::numeric AS c,
           ('x' || substr(h, 46, 15))::bit(60)::bigint::numeric AS d
    FROM (SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS h FROM {} AS t) AS rows
) AS sums
"""


class BackupError(RuntimeError):
    """A backup cannot be made or restored; the message says why."""


# --- what a database holds -----------------------------------------------------------


def tables(connection: psycopg.Connection) -> list[str]:
    """The names of the tables of schema public."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace ORDER BY relname"
    )
    return [name for (name,) in rows]


def table_hashes(connection: psycopg.Connection) -> dict[str, dict]:
    """Rows and hash of each table, as of the connection's snapshot."""
    for name, value in _TEXT_SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])
    hashes = {}
    for table in tables(connection):
        query = sql.SQL(_TABLE_SUMS).format(sql.Identifier("public", table))
        [(count, *sums)] = connection.execute(query).fetchall()
        digest = hashlib.sha256(":".join(map(str, sums)).encode()).hexdigest()
        hashes[table] = {"rows": count, "hash": digest}
    return hashes


def rights(connection: psycopg.Connection, role: str) -> dict[str, list[str]]:
    """What the role was granted on each table and sequence, and on single columns."""
    rows = connection.execute(
        "SELECT name, array_agg(granted ORDER BY granted) FROM ("
        " SELECT relname AS name, privilege_type AS granted, grantee, relnamespace"
        " FROM pg_class, aclexplode(relacl) UNION ALL"
        " SELECT relname, privilege_type || ' (' || attname || ')', grantee, relnamespace"
        " FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid, aclexplode(attacl)) AS each"
        " WHERE grantee = %s::regrole AND relnamespace = 'public'::regnamespace"
        " GROUP BY name ORDER BY name",
        [f'"{role}"'],
    )
    return dict(rows.fetchall())


# --- backup --------------------------------------------------------------------------


def make(target: Path, *, owner: str, role: str, data_dir: Path, programs: Path) -> dict:
    """Write the backup; returns its manifest. The portal may be in use.

    ``owner`` is the owner's connection string, ``role`` the running role's name, ``programs``
    the folder of pg_dump. A target that exists is never overwritten.
    """
    if target.exists():
        raise BackupError(f"{target} exists")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        with TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch:
            dump = Path(scratch) / DUMP
            manifest = _dump(dump, owner=owner, role=role, programs=programs)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                with tarfile.open(fileobj=file, mode="w") as archive:
                    for name, path in [(DUMP, dump), *_files(data_dir)]:
                        manifest["files"][name] = _add(archive, name, path)
                    text = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
                    _add_bytes(archive, "manifest.json", text)
                file.flush()
                os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _dump(dump: Path, *, owner: str, role: str, programs: Path) -> dict:
    """pg_dump and the tables' hashes, both of one snapshot."""
    with psycopg.connect(owner) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        [(snapshot,)] = connection.execute("SELECT pg_export_snapshot()").fetchall()
        _run(
            programs / "pg_dump",
            owner,
            "--format=custom",
            f"--snapshot={snapshot}",
            f"--file={dump}",
        )
        return {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "postgres": connection.info.server_version // 10_000,
            "owner": connection.info.user,
            "role": role,
            "tables": table_hashes(connection),
            "rights": rights(connection, role),
            "files": {},
        }


def _files(data_dir: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of what lies beside the database."""
    if (data_dir / KEY).exists():
        yield KEY, data_dir / KEY
    for folder in FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            name = path.relative_to(data_dir).as_posix()
            if path.is_file() and _MEMBER.fullmatch(name):
                yield name, path


def _add(archive: tarfile.TarFile, name: str, path: Path) -> dict:
    digest = _hash(path)
    member = archive.gettarinfo(path, arcname=name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    with path.open("rb") as file:
        archive.addfile(member, file)
    return {"size_bytes": member.size, "sha256": digest}


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o600
    archive.addfile(member, io.BytesIO(content))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- restore -------------------------------------------------------------------------


@contextmanager
def opened(source: Path) -> Iterator[tuple[tarfile.TarFile, dict]]:
    """The archive and its manifest, after every member's hash was compared."""
    try:
        archive = tarfile.open(source)  # noqa: SIM115
        members = {member.name: member for member in archive.getmembers()}
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{source} cannot be read: {error}") from error
    with archive:
        if "manifest.json" not in members:
            raise BackupError(f"{source} has no manifest: the backup was not completed")
        manifest = json.load(_member(archive, members.pop("manifest.json")))
        if manifest.get("format") != FORMAT:
            raise BackupError(f"{source} has format {manifest.get('format')}, not {FORMAT}")
        if members.keys() != manifest["files"].keys():
            odd = sorted(members.keys() ^ manifest["files"].keys())
            raise BackupError(f"{source}: archive and manifest differ in {', '.join(odd[:5])}")
        for name, member in members.items():
            if not _MEMBER.fullmatch(name) or ".." in name or not member.isfile():
                raise BackupError(f"{source}: {name!r} does not belong in a backup")
            found = hashlib.file_digest(cast(Any, _member(archive, member)), "sha256").hexdigest()
            if found != manifest["files"][name]["sha256"]:
                raise BackupError(f"{source}: {name} is damaged (its SHA-256 differs)")
        yield archive, manifest


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo | str) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise BackupError(f"{member} is no file in the archive")
    return file


def require_empty(connection: psycopg.Connection, data_dir: Path) -> None:
    """Nothing is ever restored over something."""
    if found := tables(connection):
        raise BackupError(
            f"the database {connection.info.dbname} is not empty ({len(found)} tables);"
            " restore into an empty one"
        )
    for folder in FOLDERS:
        if any(path.is_file() for path in (data_dir / folder).rglob("*")):
            raise BackupError(f"{data_dir / folder} is not empty; restore into an empty folder")


def load(
    archive: tarfile.TarFile,
    manifest: dict,
    *,
    owner: str,
    role: str,
    data_dir: Path,
    programs: Path,
) -> list[str]:
    """Restore into an empty database and data folder; returns what differs afterwards: nothing."""
    with psycopg.connect(owner, autocommit=True) as connection:
        require_empty(connection, data_dir)
        _write_files(archive, manifest, data_dir)
        with TemporaryDirectory(dir=data_dir, prefix=".restore-") as scratch:
            dump = Path(scratch) / DUMP
            with _member(archive, DUMP) as member, dump.open("wb") as file:
                _copy(member, file)
            _run(
                programs / "pg_restore",
                owner,
                *["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"],
                str(dump),
            )
            grants = _grants(dump, Path(scratch), programs)
        _grant(connection, grants, manifest, role=role)
        connection.execute("ANALYZE")
        return _differences(connection, manifest, role=role, data_dir=data_dir)


def _write_files(archive: tarfile.TarFile, manifest: dict, data_dir: Path) -> None:
    for name in manifest["files"]:
        if name == DUMP:
            continue
        target = data_dir / name
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{target.name}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with _member(archive, name) as member, os.fdopen(descriptor, "wb") as file:
            _copy(member, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(target)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while chunk := source.read(_CHUNK_BYTES):
        target.write(chunk)


def _grants(dump: Path, scratch: Path, programs: Path) -> str:
    """The dump's GRANT and REVOKE statements."""
    listed = subprocess.run(
        [programs / "pg_restore", "--list", dump], capture_output=True, text=True, check=True
    ).stdout
    entries = [
        line for line in listed.splitlines() if re.search(r"^\d+; \d+ \d+ (DEFAULT )?ACL ", line)
    ]
    chosen = scratch / "grants.list"
    chosen.write_text("\n".join(entries) + "\n")
    return subprocess.run(
        [programs / "pg_restore", "--no-owner", f"--use-list={chosen}", "--file=-", dump],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def _grant(connection: psycopg.Connection, statements: str, manifest: dict, *, role: str) -> None:
    """Grant what was granted, to the roles of this place, and nothing else."""
    owner = connection.info.user
    names = {manifest["owner"]: owner, manifest["role"]: role}
    kept = [
        re.sub(r"[A-Za-z_][\w$]*", lambda word: names.get(word[0], word[0]), line)
        for line in statements.splitlines()
        if re.match(r"(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) ", line)
    ]
    with connection.transaction():
        if role != owner:
            for kind in ("TABLES", "SEQUENCES"):
                connection.execute(
                    sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM {}").format(
                        sql.SQL(kind), sql.Identifier(role)
                    )
                )
        for statement in kept:
            connection.execute(statement)


def _differences(
    connection: psycopg.Connection, manifest: dict, *, role: str, data_dir: Path
) -> list[str]:
    found = table_hashes(connection)
    told = manifest["tables"]
    faults = [
        f"table {name}: {told.get(name)} in the backup, {found.get(name)} restored"
        for name in sorted(told.keys() | found.keys())
        if told.get(name) != found.get(name)
    ]
    if manifest["role"] != manifest["owner"] and role != connection.info.user:
        granted = rights(connection, role)
        faults += [
            f"rights on {name}: {manifest['rights'].get(name)} in the backup, {granted.get(name)} restored"
            for name in sorted(manifest["rights"].keys() | granted.keys())
            if manifest["rights"].get(name) != granted.get(name)
        ]
    faults += [
        f"file {name} differs"
        for name, told in manifest["files"].items()
        if name != DUMP and _hash(data_dir / name) != told["sha256"]
    ]
    return faults


def _run(program: Path, conninfo: str, *arguments: str) -> None:
    """Run a PostgreSQL program; its password goes by the environment, which nobody else sees."""
    parts: dict[str, Any] = dict(conninfo_to_dict(conninfo))
    password = parts.pop("password", None)
    done = subprocess.run(
        [program, f"--dbname={make_conninfo(**parts)}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **({"PGPASSWORD": str(password)} if password else {})},
    )
    if done.returncode:
        raise BackupError(f"{program.name} failed: {done.stderr.strip()[-2000:]}")
