"""What the environment makes of the settings: cookies, hosts, the page of kept mails, HSTS."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

_NAMES = [
    *["SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"],
    *["SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY"],
    *["CSRF_COOKIE_SAMESITE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_INCLUDE_SUBDOMAINS"],
    *["SECURE_HSTS_SECONDS", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DEBUG", "MAILBOX_OPEN"],
]
_TOLD = (
    f"import json, portal.settings as s; print(json.dumps({{n: getattr(s, n) for n in {_NAMES}}}))"
)
_PASSED_ON = ("PATH", "HOME", "LANG")


def _environment(data_dir, more: dict[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "portal.settings"} | more


def _settings(data_dir, **more: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", _TOLD], cwd=settings.BASE_DIR, env=_environment(data_dir, more),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_under_https_cookies_are_bound_to_the_host_and_the_site_asks_for_tls(tmp_path):
    told = _settings(tmp_path, SITE_URL="https://grants.example.org")
    for cookie in ("SESSION", "CSRF"):
        assert told[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
        assert told[f"{cookie}_COOKIE_SECURE"] is told[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert told[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
    assert told["SECURE_SSL_REDIRECT"] is told["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert told["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert told["ALLOWED_HOSTS"] == ["127.0.0.1", "grants.example.org", "localhost"]
    assert told["CSRF_TRUSTED_ORIGINS"] == ["https://grants.example.org"]
    assert told["DEBUG"] is False


@pytest.mark.parametrize(
    ("more", "open_"),
    [
        ({}, True),
        ({"BIND": "0.0.0.0"}, True),  # a demonstration: everybody knows its password
        ({"BIND": "0.0.0.0", "DEMO": "0"}, False),
        ({"DEMO": "0"}, True),
        ({"EMAIL_URL": "smtp://localhost"}, False),
        ({"SITE_URL": "https://grants.example.org"}, False),
    ],
)
def test_kept_mails_are_shown_where_nobody_else_comes(tmp_path, more, open_):
    """They hold codes and links of everybody's."""
    assert _settings(tmp_path, **more)["MAILBOX_OPEN"] is open_


def test_plain_http_away_from_loopback_is_refused(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        _settings(tmp_path, SITE_URL="http://grants.example.org")
    assert "plain http is served on loopback only" in failed.value.stderr


def test_deployment_check_is_clean(tmp_path):
    more = {
        "SITE_URL": "https://grants.example.org",
        "EMAIL_URL": "smtp://localhost",
        "CLAMD_URL": "tcp://localhost:3310",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR, env=_environment(tmp_path, more), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
