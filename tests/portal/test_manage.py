"""The command line where there is no database: told in words, with what to do."""

import os
import subprocess
import sys

from django.conf import settings


def test_a_command_without_its_database_says_how_to_start_it(tmp_path):
    nowhere = f"postgresql://portal@127.0.0.1:1/portal?sslmode=disable&passfile={tmp_path}/none"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": nowhere,
        "DATABASE_OWNER_URL": nowhere,
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "policy", "list"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "make run" in done.stderr and "Traceback" not in done.stderr
