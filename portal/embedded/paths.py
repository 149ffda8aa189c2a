"""Where the embedded parts live, and their addresses. Pure: starts and connects to nothing."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

OWNER_ROLE = "portal_owner"
RUNTIME_ROLE = "portal_app"
DATABASE = "portal"
BROKER_DATABASE = "portal_broker"
# A socket's address may hold 107 bytes; the file name takes 17 of them.
_SOCKET_DIR_MAX_BYTES = 85


def socket_dir(data_dir: Path) -> Path:
    """The private folder of the database's socket; outside the data folder if its path is long."""
    inside = data_dir / "run"
    if len(os.fsencode(inside)) <= _SOCKET_DIR_MAX_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"portal-{digest}"


def _url(scheme: str, role: str, database: str, data_dir: Path) -> str:
    return f"{scheme}://{role}@/{database}?host={quote(str(socket_dir(data_dir)), safe='')}"


def runtime_url(data_dir: Path) -> str:
    return _url("postgresql", RUNTIME_ROLE, DATABASE, data_dir)


def owner_url(data_dir: Path) -> str:
    return _url("postgresql", OWNER_ROLE, DATABASE, data_dir)


def broker_url(data_dir: Path) -> str:
    return _url("pgmq", RUNTIME_ROLE, BROKER_DATABASE, data_dir)


def secret_key(data_dir: Path) -> str:
    """Read the key of the data folder, making it at the first call (mode 0600)."""
    path = data_dir / "secret-key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        data_dir.mkdir(parents=True, exist_ok=True)
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
