"""Migrate as the owner, after granting the running role its rights on what will be made.

Data of a newer version, or of one too old, are refused before anything is changed.
"""

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

from portal import versions
from portal.embedded import roles


class Command(migrate.Command):
    def handle(self, *args, **options):
        if options["database"] == DEFAULT_DB_ALIAS:
            options["database"] = "owner"
        if options["database"] == "owner":
            try:
                versions.require_server(connections["owner"])
                versions.require_known(connections["owner"])
            except versions.Unfit as error:
                raise CommandError(str(error)) from error
            grant_runtime()
        return super().handle(*args, **options)


def grant_runtime() -> None:
    """The running role's rights on every table that the owner will make."""
    owner, role = connections["owner"], settings.DATABASE_RUNTIME_ROLE
    if owner.settings_dict["USER"] == role:
        return
    with owner.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            raise CommandError(f"the running role {role} of DATABASE_URL does not exist")
    roles.grant_runtime(owner.connection, role)
