"""The address of a configured database, for programs and connections beside Django's."""

from typing import Any

from django.db import connections
from psycopg.conninfo import make_conninfo


def conninfo(alias: str = "default") -> str:
    """The libpq connection string of a database alias."""
    parameters = connections[alias].get_connection_params()
    plain: dict[str, Any] = {
        name: value for name, value in parameters.items() if isinstance(value, str | int)
    }
    plain.pop("prepare_threshold", None)
    return make_conninfo(**plain)
