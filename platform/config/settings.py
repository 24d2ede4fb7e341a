"""The one settings file; production differs by environment, not by module."""

from pathlib import Path
from typing import Any

from celery.schedules import crontab

from kernel import engines

from . import env, look, policy

ROOT = Path(__file__).resolve().parent.parent.parent
_BESIDE = ROOT if (ROOT / "templates").is_dir() else Path(__file__).resolve().parent

DEBUG = False
SECRET_KEY = env.secret("TOLLWAY_SECRET_KEY")
KEY_PEPPER = env.secret("TOLLWAY_KEY_PEPPER").encode()
CREDENTIAL_KEYS = [key.encode() for key in env.secret("TOLLWAY_CREDENTIAL_KEYS").split(",")]
ALLOWED_HOSTS = env.words("TOLLWAY_HOSTS", "localhost,127.0.0.1,[::1]" if env.embedded() else "")
CSRF_TRUSTED_ORIGINS = env.words("TOLLWAY_ORIGINS")
OWN_PORT = env.integer("TOLLWAY_PORT", 0, low=0, high=65535)  # 0: whoever starts the server has not said
SANDBOX_URL = env.text("TOLLWAY_SANDBOX_URL", "http://127.0.0.1:8099")

INSTALLED_APPS = [
    "config",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "ninja",
    "rest_framework",
    "catalog",
    "accounts",
    "billing",
    "inference",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.policy.operators_policy",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_BESIDE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# One pool per process instead of persistent connections: those leak under ASGI. Its short wait turns
# overload into an error that can be answered instead of a hang.
_database = env.database()
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **_database["OPTIONS"],  # type: ignore[dict-item]
            "pool": {"min_size": 0, "max_size": 8, "timeout": 5},
            "options": "-c statement_timeout=60000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000",
        },
    }
}
REDIS_URL = env.redis_url()

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.signup.ClosedSignup"
MFA_ADAPTER = "accounts.second_factor.SealedSecrets"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/dashboard/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
EMAIL_BACKEND = env.text("TOLLWAY_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.text("TOLLWAY_FROM_EMAIL", "tollway@localhost")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [_BESIDE / "static"]
STATIC_ROOT = env.text("TOLLWAY_STATIC_ROOT") or None
SERVESTATIC_USE_FINDERS = STATIC_ROOT is None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("TOLLWAY_HTTPS", default=not env.embedded())
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = policy.CUSTOMERS

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 1,  # else a killed worker's task is back only after ten times this
    "global_keyprefix": "celery:",
}
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TIMEZONE = "UTC"
SWEEP_SECONDS = env.integer("TOLLWAY_SWEEP_SECONDS", 5, low=1, high=60)
# A sweep that waited for six of its turns is not worth making: the next one sees all that it would have seen.
_EVERY_SWEEP = {"schedule": float(SWEEP_SECONDS), "options": {"expires": 6 * SWEEP_SECONDS}}
CELERY_BEAT_SCHEDULE = {
    "charge": {"task": "billing.charge_due", **_EVERY_SWEEP},
    "reap": {"task": "billing.reap", **_EVERY_SWEEP},
    "plan credits": {"task": "billing.grant_due", "schedule": 60.0, "options": {"expires": 50}},
    "lapse": {"task": "billing.lapse_credit", "schedule": 30.0, "options": {"expires": 60}},
    "chains": {"task": "catalog.publish_due", "schedule": 30.0, "options": {"expires": 60}},
    "costs": {"task": "catalog.compare_daily", "schedule": 3600.0, "options": {"expires": 600}},
    "lists": {"task": "inference.compare_asked", "schedule": 15.0, "options": {"expires": 30}},
    "health": {"task": "inference.check_quiet_providers", "schedule": 60.0, "options": {"expires": 50}},
    "audit": {"task": "billing.audit_days", "schedule": 300.0, "options": {"expires": 250}},
    "audit everything": {"task": "billing.audit_everything", "schedule": crontab(hour="2", minute="0")},
    "seals": {"task": "billing.seal_days", "schedule": 600.0, "options": {"expires": 500}},
    "old events": {"task": "billing.drop_events", "schedule": crontab(hour="4", minute="30")},
    "papers": {"task": "billing.issue_papers", "schedule": 60.0, "options": {"expires": 50}},
    "recharge": {"task": "billing.recharge_due", "schedule": 30.0, "options": {"expires": 60}},
    "repricings": {"task": "billing.finish_repricings", "schedule": 60.0, "options": {"expires": 50}},
    "partitions": {"task": "billing.make_partitions", "schedule": 3600.0, "options": {"expires": 600}},
}

STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")  # empty: no card payments, and the pages say so
STRIPE_WEBHOOK_SECRETS = env.stripe_webhook_secrets()
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com")
STRIPE_PAGES = env.words("STRIPE_PAGES", "https://checkout.stripe.com,https://billing.stripe.com")
STRIPE_DOCUMENTS = env.flag("TOLLWAY_STRIPE_DOCUMENTS", default=False)  # whether Stripe issues the receipts
TOPUP_LEAST_USD = env.integer("TOLLWAY_TOPUP_LEAST_USD", 5, low=1, high=100_000)
TOPUP_MOST_USD = env.integer("TOLLWAY_TOPUP_MOST_USD", 2000, low=TOPUP_LEAST_USD, high=100_000)
TOPUPS_AN_HOUR = env.integer("TOLLWAY_TOPUPS_AN_HOUR", 10, low=1, high=1000)
REFUND_BY_TWO_USD = env.integer("TOLLWAY_REFUND_BY_TWO_USD", 200, low=0, high=1_000_000)
MOVE_BY_TWO_USD = env.integer("TOLLWAY_MOVE_BY_TWO_USD", 100, low=0, high=1_000_000)

# Percent of a price that is to stay with us; less is red on the pages of prices.
PRICE_MARGIN_FLOOR = env.integer("TOLLWAY_PRICE_MARGIN_FLOOR", 10, low=0, high=100)
# What a re-pricing may move, both ways together, before a second person must apply it.
REPRICE_TWO_PERSONS_NANO = env.integer("TOLLWAY_REPRICE_BY_TWO_USD", 100, low=0, high=1_000_000) * 10**9

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Tollway: accounts and management",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "What REST framework serves beside /v1, which has a document of its own at /v1/openapi.json.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "ENFORCE_NON_BLANK_FIELDS": True,
}

# The gateway's own bounds; seconds unless named otherwise.
MAX_BODY_BYTES = 32 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Longer than clients keep idle connections (httpx 5 s, load balancers 60): who closes first must be the caller, or
# a request that is on its way into a closing connection is lost.
KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = env.integer("TOLLWAY_DRAIN_SECONDS", 30, low=1, high=600)
WORKER_SILENCE_SECONDS = env.integer("TOLLWAY_WORKER_SILENCE_SECONDS", 15, low=2, high=120)
# Settlements wait here while PostgreSQL is away: a lasting disk, one directory for each database.
JOURNAL_DIR = env.text("TOLLWAY_JOURNAL_DIR") or str(engines.home("run") / "journal")
CHARGE_AFTER_SECONDS = env.integer("TOLLWAY_CHARGE_AFTER_SECONDS", 60, low=0, high=3600)
CHARGE_AFTER_EVENTS = env.integer("TOLLWAY_CHARGE_AFTER_EVENTS", 5000, low=1, high=1_000_000)
# A cost that moves by more, up or down, takes two people.
PROPOSAL_JUMP_PERCENT = env.integer("TOLLWAY_PROPOSAL_JUMP_PERCENT", 50, low=1, high=10_000)
# Events older than this leave by whole months, once charged, sealed and audited. Sums and ledger stay for ever.
USAGE_RETENTION_DAYS = env.integer("TOLLWAY_USAGE_RETENTION_DAYS", 400, low=124, high=36_500)
TAKEOVER_SECONDS = env.integer("TOLLWAY_TAKEOVER_SECONDS", 180, low=5, high=3600)

UNFOLD = look.UNFOLD
LOGGING_CONFIG = None
