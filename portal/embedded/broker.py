"""The message queue of the embedded runtime: pgmq's tables in a database of its own.

Any message may be lost without harm: the outbox's sweep finds what was missed. So another
version of pgmq simply starts afresh.
"""

import psycopg
from pgmq.install import get_embedded_sql_version, install_pgmq_from_sql


def prepare(conninfo: str) -> None:
    """Install pgmq's SQL, unless this version is there. The connection's role owns the database."""
    version = get_embedded_sql_version()
    with psycopg.connect(conninfo) as connection:
        found = connection.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'pgmq'"
        ).fetchone()
        if found == (version,):
            return
        connection.execute("DROP SCHEMA IF EXISTS pgmq CASCADE")
        install_pgmq_from_sql(conn=connection)
        connection.execute(
            psycopg.sql.SQL("COMMENT ON SCHEMA pgmq IS {}").format(psycopg.sql.Literal(version))
        )


def requeue(conninfo: str) -> None:
    """Make every message that was taken and not acknowledged visible again.

    Only where it is certain that no worker runs: before the one worker starts. Tasks may run twice.
    """
    with psycopg.connect(conninfo) as connection:
        for (queue,) in connection.execute("SELECT queue_name FROM pgmq.meta").fetchall():
            table = psycopg.sql.Identifier("pgmq", f"q_{queue}")
            connection.execute(
                psycopg.sql.SQL("UPDATE {} SET vt = now() WHERE vt > now()").format(table)
            )
