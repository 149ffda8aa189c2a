"""Settings of the tests: the portal's own, on a data folder and a database of their own.

Without ``DATABASE_URL`` the embedded PostgreSQL is started under ``var/test`` (see conftest.py).
"""

import os
from pathlib import Path

os.environ.setdefault("DATA_DIR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
for name in (
    "SITE_URL",
    "PORT",
    "EMAIL_URL",
    "CACHE_URL",
    "CELERY_BROKER_URL",
    "CLAMD_URL",
    "SCAN_REQUIRED",
):
    os.environ.pop(name, None)

from portal.settings import *  # noqa: E402, F403
from portal.settings import STATIC_ROOT, STORAGES  # noqa: E402

EMBEDDED = not os.environ.get("DATABASE_URL")

DEMO_SIZE = "base"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The manifest needs collectstatic; the pages' addresses are the same without their hashes.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise looks for it
# What is announced stays in this process; the fixture `run_tasks` runs it.
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict = {}
