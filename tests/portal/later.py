"""A newer version of the portal: one that has another migration, `files.0099_later`."""

import shutil
from pathlib import Path

from django.conf import settings

MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("files", "{newest}")]
    operations = [
        migrations.RunSQL("CREATE TABLE made_later (id int)", "DROP TABLE made_later")
    ]
"""


def lay(folder: Path) -> None:
    """Put the package `later_files`, and settings that use it, into a folder for sys.path."""
    migrations = settings.BASE_DIR / "portal" / "files" / "migrations"
    shutil.copytree(migrations, folder / "later_files", ignore=shutil.ignore_patterns("__py*"))
    newest = max(path.stem for path in migrations.glob("0*.py"))
    (folder / "later_files" / "0099_later.py").write_text(MIGRATION.format(newest=newest))
    (folder / "later_settings.py").write_text(
        "from portal.settings import *\nMIGRATION_MODULES = {'files': 'later_files'}\n"
    )
