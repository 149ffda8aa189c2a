"""The two roles of the portal and their databases.

The owner migrates and loads; the running role reads and writes rows, and what it may never do
(change an event, delete a ledger entry, move the clock) is revoked by the migration that makes
the table: see ``portal.grants``.
"""

import psycopg
from psycopg import sql

from portal.embedded import paths


def _missing(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is None


def prepare_cluster(connection: psycopg.Connection) -> None:
    """Create what is missing of roles and databases. The connection is the superuser's, autocommit."""
    for role, rights in [(paths.OWNER_ROLE, "LOGIN CREATEDB"), (paths.RUNTIME_ROLE, "LOGIN")]:
        if _missing(connection, "SELECT FROM pg_roles WHERE rolname = %s", role):
            connection.execute(
                sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(rights))
            )
    for database, owner in [
        (paths.DATABASE, paths.OWNER_ROLE),
        (paths.BROKER_DATABASE, paths.RUNTIME_ROLE),
    ]:
        if _missing(connection, "SELECT FROM pg_database WHERE datname = %s", database):
            create_database(connection, database, owner=owner)
        grant_entry(connection, database, paths.RUNTIME_ROLE)


def create_database(
    connection: psycopg.Connection, name: str, *, owner: str, template: str = "template1"
) -> None:
    """A database that only its owner, and whom it grants, may enter; empty without a template."""
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            *map(sql.Identifier, (name, owner, template))
        )
    )
    connection.execute(
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
    )


def grant_entry(connection: psycopg.Connection, database: str, role: str) -> None:
    """Let the role enter the database."""
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
            sql.Identifier(database), sql.Identifier(role)
        )
    )


def grant_runtime(connection: psycopg.Connection, role: str) -> None:
    """Let the running role use every table that the connection's role will create.

    By default privileges, so that what a migration revokes stays revoked at the next run.
    """
    name = sql.Identifier(role)
    for statement in [
        "GRANT USAGE ON SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
    ]:
        connection.execute(sql.SQL(statement).format(name))
