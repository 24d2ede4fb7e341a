"""The one settings file; production differs by environment, not by module."""

from pathlib import Path
from typing import Any

from kernel import engines, replica

from . import api_told, env, look, policy, sign_in_elsewhere, timetable
from .pooled import pooled

ROOT = Path(__file__).resolve().parent.parent.parent
_BESIDE = ROOT if (ROOT / "templates").is_dir() else Path(__file__).resolve().parent

DEBUG = False
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_pages.NothingSent"
SECRET_KEY, _pepper = env.secrets_apart("TOLLWAY_SECRET_KEY", "TOLLWAY_KEY_PEPPER")
KEY_PEPPER = _pepper.encode()
CREDENTIAL_KEYS = env.fernet_keys("TOLLWAY_CREDENTIAL_KEYS")
ALLOWED_HOSTS = env.hosts("TOLLWAY_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("TOLLWAY_ORIGINS")
OWN_PORT = env.integer("TOLLWAY_PORT", 0, low=0, high=65535)  # 0: whoever starts the server has not said
SANDBOX_URL = env.text("TOLLWAY_SANDBOX_URL", "http://127.0.0.1:8099")

INSTALLED_APPS = [
    "config",
    "unfold",
    "config.admin_pages.AdminPages",
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
    "allauth.usersessions",
    *sign_in_elsewhere.APPS,
    "ninja",
    "rest_framework",
    "catalog",
    "accounts",
    "billing",
    "inference",
]

MIDDLEWARE = [
    "config.operations.by_address",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.sessions.ends_in_time",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.viewing.read_only",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.policy.operators_policy",
    "config.admin_guard.AdminGuard",
    "config.admin_door.AdminDoor",
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
                "config.banner.degraded",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {"default": pooled(env.database())}
_replica = env.other_database("DATABASE_REPLICA_URL")
if _replica:
    DATABASES[replica.REPLICA] = {**pooled(_replica, read_only=True), "TEST": {"MIRROR": "default"}}
# Who owns the tables, where that is another role than the product's; only `migrate` becomes it.
_owner = env.other_database("MIGRATION_DATABASE_URL")
MIGRATION_DATABASE = pooled(_owner) if _owner else None
REDIS_URL = env.redis_url()
CACHES = {"default": {"BACKEND": "accounts.tries.SharedTries", "LOCATION": REDIS_URL, "KEY_PREFIX": "tries"}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# A code in the mail and not a link: who opens the mail elsewhere goes on here, and no scanner of mails can use it up.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900  # seconds
ACCOUNT_ADAPTER = "accounts.signup.Door"
MFA_ADAPTER = "accounts.second_factor.SealedSecrets"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tollway"
# Browsers take localhost for safe; allauth asks for TLS there too unless told otherwise.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = env.embedded()
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody gets in without a proven address
SOCIALACCOUNT_PROVIDERS = sign_in_elsewhere.PROVIDERS
SOCIALACCOUNT_STORE_TOKENS = False
SIGN_UP = env.flag("TOLLWAY_SIGN_UP", default=False, on_embedded=True)
SIGN_UP_PLAN = env.text("TOLLWAY_SIGN_UP_PLAN")  # a slug; empty: the lowest public plan without a price
MOST_WORKSPACES = env.integer("TOLLWAY_MOST_WORKSPACES", 5, low=1, high=100)  # that one person opens
CLOSING_DAYS = env.integer("TOLLWAY_CLOSING_DAYS", 14, low=1, high=90)  # until what is deleted is gone
# Operators show a second factor, and prove again who they are before they move money; let go on this machine's own demo only.
STAFF_SECOND_FACTOR = env.second_factor(ALLOWED_HOSTS)
STAFF_NETWORKS = env.networks("TOLLWAY_STAFF_NETWORKS")  # empty: from anywhere
STAFF_IDLE_SECONDS = env.integer("TOLLWAY_STAFF_IDLE_SECONDS", 30 * 60, low=60, high=86_400)
STAFF_SESSION_SECONDS = env.integer("TOLLWAY_STAFF_SESSION_SECONDS", 12 * 3600, low=300, high=7 * 86_400)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/dashboard/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
_smtp_host = env.text("TOLLWAY_SMTP_HOST")
EMAIL_HOST = _smtp_host or "localhost"
EMAIL_PORT = env.integer("TOLLWAY_SMTP_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = env.text("TOLLWAY_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("TOLLWAY_SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("TOLLWAY_SMTP_TLS", default=True)
EMAIL_TIMEOUT = 10  # seconds
EMAIL_BACKEND = (
    env.text("TOLLWAY_EMAIL_BACKEND")
    or f"django.core.mail.backends.{'smtp' if _smtp_host else 'console'}.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("TOLLWAY_FROM_EMAIL", "tollway@localhost")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"

STATIC_URL = "/static/"
STATICFILES_DIRS = [_BESIDE / "static"]
STATIC_ROOT = env.text("TOLLWAY_STATIC_ROOT") or None
SERVESTATIC_USE_FINDERS = STATIC_ROOT is None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SESSION_COOKIE_AGE = 14 * 86_400  # of customers, from their sign-in on
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
HTTPS = env.flag("TOLLWAY_HTTPS", default=True, on_embedded=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.integer("TOLLWAY_HSTS_SECONDS", 31_536_000, low=0, high=126_144_000) * HTTPS
# Whether all names below the site's own are served by TLS, and browsers are to know for ever, is the operator's to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = policy.customers(sign_in_elsewhere.PLACES)

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
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # as long as it takes
CELERY_WORKER_CONSUMER = "config.background:Consumer"
CELERY_BEAT_SCHEDULER = "config.background:Scheduler"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 1,  # else a killed worker's task is back only after ten times this
    "global_keyprefix": "celery:",
}
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TIMEZONE = "UTC"
SWEEP_SECONDS = env.integer("TOLLWAY_SWEEP_SECONDS", 5, low=1, high=60)
CELERY_BEAT_SCHEDULE = timetable.of(SWEEP_SECONDS)

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

# Whether customers' webhooks may be on the operator's own networks, and without https.
CUSTOMER_WEBHOOKS_PRIVATE = env.flag("TOLLWAY_CUSTOMER_WEBHOOKS_PRIVATE", default=False)

# Percent of a price that is to stay with us; less is red on the pages of prices.
PRICE_MARGIN_FLOOR = env.integer("TOLLWAY_PRICE_MARGIN_FLOOR", 10, low=0, high=100)
# What a re-pricing may move, both ways together, before a second person must apply it.
REPRICE_TWO_PERSONS_NANO = env.integer("TOLLWAY_REPRICE_BY_TWO_USD", 100, low=0, high=1_000_000) * 10**9

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = api_told.SPECTACULAR

# The gateway's own bounds; seconds unless named otherwise.
MAX_BODY_BYTES = 32 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Longer than clients keep idle connections (httpx 5 s, load balancers 60): who closes first must be the caller, or
# a request that is on its way into a closing connection is lost.
KEEP_ALIVE_SECONDS = 75
# What the hub dialect counts in.
HUB_CREDITS_PER_USD = env.integer("TOLLWAY_HUB_CREDITS_PER_USD", 1000, low=1, high=1_000_000)
# How long callers may take for the head of a request, for its body, and to take what they are sent.
HEADER_SECONDS = env.integer("TOLLWAY_HEADER_SECONDS", 10, low=1, high=60)
BODY_SECONDS = env.integer("TOLLWAY_BODY_SECONDS", 30, low=1, high=600)
WRITE_SECONDS = env.integer("TOLLWAY_WRITE_SECONDS", 30, low=1, high=600)
# Of one process; fewer where it may not open so many files. Who comes then gets a 503.
MOST_CONNECTIONS = env.integer("TOLLWAY_MOST_CONNECTIONS", 4096, low=1, high=30_000)
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
# After so long without a sweep, or without a beat, all who look say so; a worker that hears nothing ends itself sooner.
BACKGROUND_SILENCE_SECONDS = env.integer("TOLLWAY_BACKGROUND_SILENCE_SECONDS", 60, low=3, high=3600)
WORKER_DEAF_SECONDS = env.integer("TOLLWAY_WORKER_DEAF_SECONDS", 15, low=3, high=3600)
METRICS_TOKEN = env.text("TOLLWAY_METRICS_TOKEN")  # empty: /metrics is for this machine alone
# Empty: nothing is reported.
SENTRY_DSN = env.optional("TOLLWAY_SENTRY_DSN", needs="sentry_sdk", extra="reports")
# Empty: nothing is traced, and nothing that sends traces is imported.
TRACES_URL = env.optional(
    "TOLLWAY_TRACES_URL", needs="opentelemetry.exporter.otlp.proto.http", extra="traces"
)
TRACES_PERCENT = env.integer("TOLLWAY_TRACES_PERCENT", 100, low=0, high=100)
TRACES_UPSTREAM = env.flag("TOLLWAY_TRACES_UPSTREAM", default=False)

UNFOLD = look.UNFOLD
LOGGING_CONFIG = None
