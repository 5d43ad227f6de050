"""Settings of a Gezhi server, all of them from the environment.

`GEZHI_HOME` holds the database (SQLite), uploaded files and exports. `GEZHI_KEYS`
holds the keys and must lie outside it, so that a backup of the home cannot be read alone.
`GEZHI_DATABASE_URL` switches to PostgreSQL (postgresql://user:pass@host:port/name).
`GEZHI_ENV=production` turns every unsafe default into a refusal to start (checks with ids).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gezhi.foundation.people import keys

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("GEZHI_HOME", "./var")).resolve()
HOME.mkdir(parents=True, exist_ok=True)
GEZHI_HOME = HOME
GEZHI_KEYS = Path(os.environ.get("GEZHI_KEYS", str(HOME.parent / f".{HOME.name}-keys"))).resolve()
GEZHI_ENV = os.environ.get("GEZHI_ENV", "development")
PRODUCTION = GEZHI_ENV == "production"
DEBUG = False

SECRET_KEY = keys.site_secret(GEZHI_KEYS)
ALLOWED_HOSTS = os.environ.get("GEZHI_HOSTS", "*" if not PRODUCTION else "").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("GEZHI_ORIGINS", "").split(",") if o]
# How many machines serve this site together; SQLite allows one.
GEZHI_MACHINES = int(os.environ.get("GEZHI_MACHINES", "1"))
# A second place for sealed roots, kept by somebody else than the database.
GEZHI_ROOTS = os.environ.get("GEZHI_ROOTS", "")
# Which faces this process serves: portal, field, desk, api (zones can be deployed apart).
GEZHI_ZONES = tuple(os.environ.get("GEZHI_ZONES", "portal,field,desk,api").split(","))
GEZHI_PACKS = [Path(p) for p in os.environ.get("GEZHI_PACKS", str(ROOT / "packs")).split(os.pathsep)]

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "gezhi.foundation.db",
    "gezhi.foundation.calendar",
    "gezhi.foundation.events",
    "gezhi.foundation.places",
    "gezhi.foundation.people",
    "gezhi.foundation.packs",
    "gezhi.foundation.jobs",
    "gezhi.foundation.text",
    "gezhi.foundation.files",
    "gezhi.foundation.sheets",
    "gezhi.foundation.measures",
    "gezhi.foundation.exports",
    "gezhi.foundation.notices",
    "gezhi.foundation.subjects",
    "gezhi.engines.workflows",
    "gezhi.engines.workflows.methods",
    "gezhi.engines.publishing",
    "gezhi.engines.matching",
    "gezhi.engines.appraisals",
    "gezhi.engines.registers",
    "gezhi.engines.duties",
    "gezhi.engines.ledger",
    "gezhi.flows.papers",
    "gezhi.flows",
    "gezhi.interfaces.site",
    "gezhi.interfaces.portal",
    "gezhi.interfaces.field",
    "gezhi.interfaces.desk",
    "gezhi.interfaces.api",
    "gezhi.interfaces.commands",
]

MIDDLEWARE = [
    "gezhi.interfaces.site.middleware.fresh_caches",
    "gezhi.interfaces.site.middleware.bounds",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "gezhi.interfaces.site.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "gezhi.interfaces.site.middleware.actor",
    "gezhi.interfaces.site.middleware.refusals",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
APPEND_SLASH = False
ROOT_URLCONF = "gezhi.interfaces.site.urls"
WSGI_APPLICATION = "gezhi.interfaces.site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "gezhi.interfaces.site.context.page",
            ],
            "builtins": ["gezhi.interfaces.site.templatetags.gezhi"],
        },
    }
]

DATABASES: dict[str, dict[str, Any]]
_url = os.environ.get("GEZHI_DATABASE_URL", "")
if _url:
    _u = urlsplit(_url)
    DATABASES = {
        "default": {
            "ENGINE": "gezhi.foundation.db.postgresql",
            "NAME": unquote(_u.path.lstrip("/")),
            "USER": unquote(_u.username or ""),
            "PASSWORD": unquote(_u.password or ""),
            # ?host=/directory names a socket.
            "HOST": parse_qs(_u.query).get("host", [unquote(_u.hostname or "")])[0],
            "PORT": str(_u.port or ""),
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}},
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "gezhi.foundation.db.sqlite",
            "NAME": str(HOME / "gezhi.sqlite3"),
            # Kept open: the last connection to close would write the whole log back, at every request.
            "CONN_MAX_AGE": None,
            # A file, so that threads and processes of a test see the same database.
            "TEST": {"NAME": str(HOME / "test.sqlite3")},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [ROOT / "gezhi" / "interfaces" / "site" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_FINDERS = ["gezhi.interfaces.site.statics.ZoneFinder"]
# Served from the packages themselves; nothing is collected.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

SESSION_ENGINE = "django.contrib.sessions.backends.db"
# A session ends this long after signing in, and when nothing was done in it for so long.
GEZHI_SESSION_HOURS = int(os.environ.get("GEZHI_SESSION_HOURS", "12"))
GEZHI_IDLE_MINUTES = int(os.environ.get("GEZHI_IDLE_MINUTES", "120"))
# Whoever holds one of these powers signs in with a code of an app as well; "all" = every seat, "off" = nobody must.
GEZHI_SECOND_FACTOR = tuple(
    word.strip()
    for word in os.environ.get("GEZHI_SECOND_FACTOR", "people.manage,protected.reveal,audit.read").split(",")
)
SESSION_COOKIE_AGE = GEZHI_SESSION_HOURS * 3600
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "gezhi.interfaces.site.faults.csrf_failure"
X_FRAME_OPTIONS = "DENY"
if int(os.environ.get("GEZHI_PROXIES", "0")) > 0:
    # Only when a proxy of our own sets (and overwrites) these headers.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if PRODUCTION else 0
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# Photos stay in memory until they are re-encoded: nothing personal is written to disk in the clear.
FILE_UPLOAD_HANDLERS = ["gezhi.foundation.files.uploads.PhotoUploads"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("GEZHI_LOG", "INFO")},
    # Whatever is asked for: Pillow would write down a photo's metadata, Django the parameters of its statements.
    "loggers": {"PIL": {"level": "INFO"}, "django.db.backends": {"level": "INFO"}},
}
