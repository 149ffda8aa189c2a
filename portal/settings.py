"""Settings of the portal: one file, read from the environment.

Every variable is listed in the configuration table of README.md. Without any of
them the portal runs on the embedded PostgreSQL under ``DATA_DIR``.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.embedded import paths

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# Where everything lives that is not code: database, files, keys, anchors, logs.
DATA_DIR = paths.data_dir()
PORT = env.int("PORT", default=8000)
# The address that the web server listens on; a proxy that ends TLS stands before it.
BIND = env("BIND", default="127.0.0.1")
SITE_URL = env("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
_site = urlsplit(SITE_URL)
_https = _site.scheme == "https"
if not _https and _site.hostname not in {"127.0.0.1", "localhost", "::1"}:
    raise environ.ImproperlyConfigured(
        f"SITE_URL={SITE_URL}: plain http is served on loopback only; use https"
    )

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="") or paths.secret_key(DATA_DIR)
ALLOWED_HOSTS = sorted({_site.hostname or "localhost", "127.0.0.1", "localhost"})
# Shown in the footer of every page; 12345 is the city's hotline for all government services.
SERVICE_PHONE = env("SERVICE_PHONE", default="12345")
# Demonstration data and its accounts (DEMO=0: an empty portal).
DEMO = env.bool("DEMO", default=True)
# How much of it: base (people and one open call) or life (organisations and cases in every stage).
DEMO_SIZE = env("DEMO_SIZE", default="life")
# The one password of the demonstration accounts, told on the sign-in page.
DEMO_PASSWORD = env("DEMO_PASSWORD", default="Nanjing-2026")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_tables2",
    "django_filters",
    "django_htmx",
    "pgtrigger",
    "rules.apps.AutodiscoverRulesConfig",
    "csp",
    "portal",
    "portal.audit",
    "portal.files",
    "portal.notices",
    "portal.accounts",
    "policy",
    "applications",
    "reviews",
    "awards",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.arrival",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.accounts.sessions.idle_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.two_factor.required_middleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.plain_text",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.context.site",
                "portal.accounts.sessions.idle_context",
            ],
        },
    }
]


# Two roles: the owner migrates and loads, the running role serves (see docs/structure.md).
# DATABASE_URL is the running role's address, DATABASE_OWNER_URL the owner's.
def _database(url: str, **more) -> dict:
    """Django's settings of an address; a socket's folder stands in its query (?host=/…&port=…)."""
    config = env.db_url_config(url)
    options = config.setdefault("OPTIONS", {})
    for key in ("host", "port"):
        if key in options:
            config[key.upper()] = str(options.pop(key))
    return config | more


_database_url = env("DATABASE_URL", default="") or paths.runtime_url(DATA_DIR)
_owner_url = env("DATABASE_OWNER_URL", default="") or (
    env("DATABASE_URL", default="") or paths.owner_url(DATA_DIR)
)
DATABASES = {
    # A new connection costs as much as two pages; one that died meanwhile is found by its check.
    "default": _database(_database_url, CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True),
    "owner": _database(_owner_url),
}
# The embedded PostgreSQL serves what is not given: the database, the broker, or both.
EMBEDDED_DATABASE = not env("DATABASE_URL", default="")
EMBEDDED_BROKER = not env("CELERY_BROKER_URL", default="")
EMBEDDED_POSTGRES = EMBEDDED_DATABASE or EMBEDDED_BROKER
# The name that is granted the running role's rights at each migration.
DATABASE_RUNTIME_ROLE = DATABASES["default"].get("USER") or paths.RUNTIME_ROLE

# How many backups made before an upgrade are kept; 0: none is made.
UPGRADE_BACKUPS = env.int("UPGRADE_BACKUPS", default=3)

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        # The dams against floods are kept here: a flood must not push them out.
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}
if env("CACHE_URL", default=""):
    CACHES["default"] = env.cache("CACHE_URL")

# --- sign-in -------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "portal.accounts.demonstration.Backend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    ]
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Nobody stays signed in beyond the browser and the idle limit, so there is no such box.
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "portal.accounts.adapter.Adapter"
ACCOUNT_FORMS = {"signup": "portal.accounts.forms.SignupForm"}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
# Staff and experts sign in with a second factor, or set one up before anything else;
# demonstration accounts are exempt.
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=False)
# Failures are counted by account (portal.accounts.locking). By address only a flood is refused:
# an office, or everybody behind a proxy, shares one.
MFA_FORMS = {
    "authenticate": "portal.accounts.second_factor.CodeForm",
    "reauthenticate": "portal.accounts.second_factor.CodeAgainForm",
}
ACCOUNT_RATE_LIMITS = {
    "login": "600/m/ip",
    "login_failed": None,
    "signup": "120/m/ip",
    "reset_password": "120/m/ip,5/m/key,20/d/key",
    "reset_password_from_key": "120/m/ip",
}
SESSION_ENGINE = "portal.accounts.session_store"
# Idle limits are portal.accounts.sessions'; nobody stays signed in for longer than a day's work.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Working days to verify an organisation, and who counts them: what stands below names it as text.
REGISTRATION_LIMIT_WORKDAYS = env.int("REGISTRATION_LIMIT_WORKDAYS", default=3)
WORKDAYS = "policy.workdays.add_workdays"
# Working days left until a day, for a home's reader.
DUE_OF = "policy.homes.due"

# --- language, time --------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("中文")), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- files -----------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.static_files.Storage"},
}
# Content-addressed attachments: DATA_DIR/blobs/ab/abcdef… (SHA-256).
BLOB_DIR = DATA_DIR / "blobs"
ANCHOR_DIR = DATA_DIR / "anchors"
# The virus scanner (tcp://host:3310 or unix:///path of clamd). Without one, files are kept back
# unless SCAN_REQUIRED=0, the default on plain loopback: then they are shown as 未配置查毒.
CLAMD_URL = env("CLAMD_URL", default="")
SCAN_REQUIRED = env.bool("SCAN_REQUIRED", default=_https)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- security --------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
_prefix = "__Host-" if _https else ""
SESSION_COOKIE_NAME = f"{_prefix}session"
CSRF_COOKIE_NAME = f"{_prefix}csrf"
LANGUAGE_COOKIE_NAME = "language"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
SECURE_SSL_REDIRECT = _https and env.bool("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
# Behind a proxy that sets it itself, and only then: TRUST_FORWARDED_PROTO=1.
if env.bool("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
    }
}

# --- forms and tables ------------------------------------------------------------
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# --- mail ------------------------------------------------------------------------
# Without EMAIL_URL, mails are kept in the database and shown on the mail page of development.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="") if env("EMAIL_URL", default="") else {}
vars().update(EMAIL_CONFIG)
if not EMAIL_CONFIG:
    EMAIL_BACKEND = "portal.notices.mailbox.MailboxBackend"
EMAIL_TIMEOUT = 20
# The kept mails hold everybody's codes and links: they are shown on loopback only, or where the
# accounts are a demonstration's, whose password everybody knows.
_loopback = BIND in {"127.0.0.1", "::1", "localhost"}
MAILBOX_OPEN = not EMAIL_CONFIG and not _https and (_loopback or DEMO)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="portal@localhost")

# --- tasks -----------------------------------------------------------------------
# Without CELERY_BROKER_URL the queue is a database of the embedded PostgreSQL (kombu's pgmq).
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="") or paths.broker_url(DATA_DIR)
# A task whose worker was killed comes back after the visibility timeout; the sweep is sooner.
CELERY_BROKER_TRANSPORT_OPTIONS: dict = {"visibility_timeout": 3600}
if CELERY_BROKER_URL.startswith("pgmq://"):
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "conn_string": paths.broker_conninfo(CELERY_BROKER_URL),
        "init_extension": False,  # its SQL is installed without the extension
        "wait_time_seconds": 0,
        "polling_interval": 0.1,
        "pool_size": 4,
        "pool_timeout": 3,
    }
    # The place is the option above: kombu refuses a query in the address, and warns of one without
    # a host.
    CELERY_BROKER_URL = "pgmq://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# A request does not wait for a broker that is down: the sweep finds what was missed.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict] = {
    "files.sweep_scans": {"task": "files.sweep_scans", "schedule": 60},
    "files.sweep_orphans": {"task": "files.sweep_orphans", "schedule": 86_400},
    "notices.sweep": {"task": "notices.sweep", "schedule": 30},
    "applications.sweep_papers": {"task": "applications.sweep_papers", "schedule": 60},
    "applications.remind": {"task": "applications.remind", "schedule": 600},
    "applications.lapse_overdue": {"task": "applications.lapse_overdue", "schedule": 600},
    "reviews.sweep_opinions": {"task": "reviews.sweep_opinions", "schedule": 600},
    "reviews.sweep_notices": {"task": "reviews.sweep_notices", "schedule": 600},
    "reviews.sweep_nominations": {"task": "reviews.sweep_nominations", "schedule": 600},
    "awards.sweep_papers": {"task": "awards.sweep_papers", "schedule": 60},
    "awards.sweep_exports": {"task": "awards.sweep_exports", "schedule": 60},
    "awards.remind": {"task": "awards.remind", "schedule": 600},
    "awards.refresh_figures": {"task": "awards.refresh_figures", "schedule": 60},
    "awards.check_ledger": {"task": "awards.check_ledger", "schedule": 600},
    "accounts.sweep": {"task": "accounts.sweep", "schedule": 60},
    "accounts.clear_sessions": {"task": "accounts.clear_sessions", "schedule": 86_400},
    # Hourly, so that a portal that is off at night has its daily anchor too.
    "audit.anchor": {"task": "audit.anchor", "schedule": 3600},
    "audit.check": {"task": "audit.check", "schedule": 86_400},
}

# Called as f(year, actor=…) in the transaction that loads or changes a year of the calendar:
# what waits for a due date, or had one, is computed anew.
CALENDAR_LISTENERS: list[str] = [
    "portal.accounts.deadlines.calendar_changed",
    "policy.questions.calendar_changed",
    "applications.deadlines.recompute",
]

# To standard error, which `manage.py up` keeps in DATA_DIR/log; a failed request with its trace.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # What is not found or refused is the visitor's affair; it is counted elsewhere.
        "django.request": {"level": "ERROR"},
    },
}

# Checks of `manage.py verify`, each a callable that yields faults as strings.
VERIFIERS: list[str] = [
    "portal.integrity.clock",
    "portal.integrity.roles",
    "portal.integrity.schema",
    "portal.audit.verifying.chain",
    "portal.files.verifying.faults",
    "applications.verifying.submissions",
    "applications.verifying.histories",
    "applications.verifying.events",
    "awards.verifying.counters",
    "awards.verifying.traces",
    "awards.verifying.sums",
]

# The portal shows PDF files in frames of its own pages.
SILENCED_SYSTEM_CHECKS: list[str] = ["security.W019"]
TEST_RUNNER = "django.test.runner.DiscoverRunner"
os.environ.setdefault("PGAPPNAME", "portal")
