"""Where the embedded parts live, and their addresses. Pure: starts and connects to nothing."""

import hashlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

OWNER_ROLE = "portal_owner"
RUNTIME_ROLE = "portal_app"
DATABASE = "portal"
BROKER_DATABASE = "portal_broker"
PORT = 5432  # names the socket's file; nothing listens on TCP
# A socket's address may hold 107 bytes; the file name takes 17 of them.
_SOCKET_DIR_MAX_BYTES = 85
# The broker's library writes its connection string without quotes.
_SOCKET_DIR_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


def data_dir() -> Path:
    """Where everything lives that is not code: ``DATA_DIR``, or ``var/`` beside the code."""
    fallback = Path(__file__).resolve().parent.parent.parent / "var"
    return Path(os.environ.get("DATA_DIR") or fallback).resolve()


def make_data_dir(data_dir: Path) -> None:
    """Make the data folder; the database's user may pass through it, and see nothing."""
    if not data_dir.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o711)


def cluster_dir(data_dir: Path) -> Path:
    """PostgreSQL's data folder (a link where the database's user cannot reach the data folder)."""
    return data_dir / "postgres"


def socket_dir(data_dir: Path) -> Path:
    """The private folder of the database's socket; outside the data folder if its path is unfit."""
    inside = data_dir / "run"
    fits = len(os.fsencode(inside)) <= _SOCKET_DIR_MAX_BYTES
    if fits and _SOCKET_DIR_PLAIN.fullmatch(str(inside)):
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{digest}"


def _url(role: str, database: str, data_dir: Path) -> str:
    host = quote(str(socket_dir(data_dir)), safe="")
    return f"postgresql://{role}@/{database}?host={host}&port={PORT}"


def runtime_url(data_dir: Path) -> str:
    return _url(RUNTIME_ROLE, DATABASE, data_dir)


def owner_url(data_dir: Path) -> str:
    return _url(OWNER_ROLE, DATABASE, data_dir)


def broker_url(data_dir: Path) -> str:
    return "pgmq" + _url(RUNTIME_ROLE, BROKER_DATABASE, data_dir).removeprefix("postgresql")


def broker_conninfo(url: str) -> str:
    """The libpq string of a ``pgmq://`` address, for kombu's transport option ``conn_string``.

    kombu drops the address's query and pgmq would otherwise listen to ``DATABASE_URL``.
    """
    parts: dict[str, Any] = dict(conninfo_to_dict("postgresql" + url.removeprefix("pgmq")))
    return make_conninfo(**parts)


def secret_key(data_dir: Path) -> str:
    """Read the key of the data folder, making it at the first call (mode 0600)."""
    path = data_dir / "secret-key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        make_data_dir(data_dir)
        fresh = path.with_name(f"secret-key.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)  # the first of two starters wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return path.read_text().strip()
