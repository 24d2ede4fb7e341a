"""What every variable of the environment means, one sentence each, in the groups they are listed in."""

__all__ = ["ELSEWHERE", "MEANINGS"]

ELSEWHERE = "One machine"
"""The group of what no setting holds: the engines' own start, the sandbox and the demo read it themselves."""

MEANINGS: dict[str, dict[str, str]] = {
    "Engines": {
        "DATABASE_URL": "PostgreSQL 15 or newer, `postgresql://user:password@host:5432/name`; without it an embedded one runs, for trying and developing only.",
        "MIGRATION_DATABASE_URL": "The same database as the role that owns its tables, for `manage.py migrate` alone; without it one role does both.",
        "DATABASE_REPLICA_URL": "A standby of the database that pages read usage from while it is at most ten seconds behind; without it they read the database itself.",
        "REDIS_URL": "Redis 7 or newer, or Valkey, `redis://:password@host:6379/0`; without it an embedded one runs.",
        "TOLLWAY_JOURNAL_DIR": "Where settlements wait while PostgreSQL is away: a lasting disk, one directory for each database; without it, beside the embedded engine's data.",
    },
    "Secrets": {
        "TOLLWAY_SECRET_KEY": "Signs sessions, tokens and links; a new one ends them all.",
        "TOLLWAY_KEY_PEPPER": "Digests API keys; with a new one no key opens anything any more.",
        "TOLLWAY_CREDENTIAL_KEYS": "Fernet keys, newest first, separated by commas, that seal the credentials of providers; `manage.py rotate_credentials` seals anew with the first.",
        "TOLLWAY_METRICS_TOKEN": "What Prometheus sends as a bearer to read `/metrics`; without it they are for this machine alone.",
    },
    "Addresses": {
        "TOLLWAY_HOSTS": "Host names that are answered, without ports; needed on engines of your own, and `*` is refused.",
        "TOLLWAY_ORIGINS": "Origins trusted for forms, each with its scheme; needed where a proxy changes the host name.",
        "TOLLWAY_HTTPS": "Whether people come by TLS, which a proxy in front ends: cookies are sent by it alone, and pages asked for without are sent on to it.",
        "TOLLWAY_HSTS_SECONDS": "Seconds for which browsers are told to come by TLS only; 0 tells them nothing.",
        "TOLLWAY_PORT": "The port it listens on, so that no chain leads back to it; whoever starts the server sets it.",
        "TOLLWAY_STATIC_ROOT": "Where `collectstatic` puts the files of the pages, and where they are served from; without it they are found in the source.",
        "TOLLWAY_SANDBOX_URL": "Where the built-in upstream listens.",
    },
    "People": {
        "TOLLWAY_SIGN_UP": "Whether anybody may make an account and a workspace.",
        "TOLLWAY_SIGN_UP_PLAN": "The slug of the plan without a price that a new workspace begins on; empty: the lowest public one.",
        "TOLLWAY_MOST_WORKSPACES": "How many workspaces one person opens.",
        "TOLLWAY_CLOSING_DAYS": "Days that a workspace or an account waits before it is deleted.",
        "TOLLWAY_GITHUB_ID": "Signing in by GitHub: the application's id; absent without.",
        "TOLLWAY_GITHUB_SECRET": "Signing in by GitHub: the application's secret.",
        "TOLLWAY_GOOGLE_ID": "Signing in by Google: the application's id; absent without.",
        "TOLLWAY_GOOGLE_SECRET": "Signing in by Google: the application's secret.",
        "TOLLWAY_STAFF_SECOND_FACTOR": "Whether operators show a second factor; `no` is for a demo on this machine alone.",
        "TOLLWAY_STAFF_NETWORKS": "Networks from which the admin is reached, such as `203.0.113.0/24`; empty: from anywhere.",
        "TOLLWAY_STAFF_IDLE_SECONDS": "Seconds that an operator's session lasts without use.",
        "TOLLWAY_STAFF_SESSION_SECONDS": "Seconds that an operator's session lasts at most.",
    },
    "Mail": {
        "TOLLWAY_SMTP_HOST": "The server that mails go out by; without it they are printed.",
        "TOLLWAY_SMTP_PORT": "Its port.",
        "TOLLWAY_SMTP_USER": "The name it is spoken to by.",
        "TOLLWAY_SMTP_PASSWORD": "The password to that name.",
        "TOLLWAY_SMTP_TLS": "Whether it is spoken to by STARTTLS.",
        "TOLLWAY_FROM_EMAIL": "Whom mails are from.",
        "TOLLWAY_EMAIL_BACKEND": "Django's class that sends mails; empty: SMTP with a server, else printing.",
    },
    "Payments": {
        "STRIPE_SECRET_KEY": "Stripe's secret or restricted key; without it card payments are off.",
        "STRIPE_WEBHOOK_SECRET": "The secrets Stripe signs with, separated by commas while one is replaced; needed with a key.",
        "STRIPE_API_BASE": "Where Stripe answers; a live key is sent nowhere else than to Stripe.",
        "STRIPE_PAGES": "Where forms of payment may lead, for domains of your own at Stripe.",
        "TOLLWAY_STRIPE_DOCUMENTS": "Whether Stripe issues the receipts, in place of ours.",
        "TOLLWAY_TOPUP_LEAST_USD": "The least of one top-up, in US dollars.",
        "TOLLWAY_TOPUP_MOST_USD": "The most of one top-up, in US dollars; not below the least.",
        "TOLLWAY_TOPUPS_AN_HOUR": "How many top-ups a workspace begins in an hour.",
        "TOLLWAY_REFUND_BY_TWO_USD": "Refunds above so many US dollars take two people.",
        "TOLLWAY_MOVE_BY_TWO_USD": "Credit moved above so many US dollars takes two people.",
    },
    "Prices": {
        "TOLLWAY_PRICE_MARGIN_FLOOR": "Percent of a price that is to stay here; less is red on the pages of prices.",
        "TOLLWAY_REPRICE_BY_TWO_USD": "What a re-pricing may move in US dollars, both ways together, before a second person must apply it.",
        "TOLLWAY_PROPOSAL_JUMP_PERCENT": "A cost that moves by more percent, up or down, takes two people.",
        "TOLLWAY_HUB_CREDITS_PER_USD": "How many credits of the hub dialect are one US dollar.",
    },
    "The gateway's bounds": {
        "TOLLWAY_HEADER_SECONDS": "Seconds that a caller may take for the head of a request.",
        "TOLLWAY_BODY_SECONDS": "Seconds that a caller may take for its body.",
        "TOLLWAY_WRITE_SECONDS": "Seconds that a caller may take to acknowledge what it is sent.",
        "TOLLWAY_MOST_CONNECTIONS": "How many connections a process takes; fewer where it may not open twice as many files.",
        "TOLLWAY_DRAIN_SECONDS": "Seconds that open streams may go on after SIGTERM; whoever stops the process must wait longer.",
        "TOLLWAY_CUSTOMER_WEBHOOKS_PRIVATE": "Whether webhooks of customers may be on your own networks, and without https.",
    },
    "Background work": {
        "TOLLWAY_SWEEP_SECONDS": "Seconds between two sweeps that charge and that end what dead processes left open.",
        "TOLLWAY_CHARGE_AFTER_SECONDS": "Seconds after which a workspace's events are charged.",
        "TOLLWAY_CHARGE_AFTER_EVENTS": "Events of a workspace that are charged at once.",
        "TOLLWAY_TAKEOVER_SECONDS": "Seconds after which web processes charge what no worker has.",
        "TOLLWAY_WORKER_SILENCE_SECONDS": "Seconds without a word after which a gateway process is taken for dead.",
        "TOLLWAY_BACKGROUND_SILENCE_SECONDS": "Seconds without a sweep, or a beat, after which all who look say so.",
        "TOLLWAY_WORKER_DEAF_SECONDS": "Seconds after which a worker that hears nothing, while beat sends, ends itself to be started again.",
        "TOLLWAY_USAGE_RETENTION_DAYS": "Days that single events are kept once charged, sealed and audited; sums and ledger stay for ever.",
    },
    "Observability": {
        "TOLLWAY_TRACES_URL": "Where traces of requests are sent by OTLP over HTTP, such as `http://collector:4318/v1/traces`; empty: nothing is traced. Needs the packages of the extra `traces`.",
        "TOLLWAY_TRACES_PERCENT": "Percent of the requests that are traced.",
        "TOLLWAY_TRACES_UPSTREAM": "Whether providers are sent the trace that a call belongs to, as the header `traceparent`.",
    },
    ELSEWHERE: {
        "TOLLWAY_HOME": "Where the embedded engines, their data, logs and secrets are; without it in the checkout, for root below `/var/lib/tollway`.",
        "TOLLWAY_ENGINE_USER": "The account that root starts the embedded engines as; without it `nobody`.",
        "TOLLWAY_DEMO_PROVIDERS": "`env` gives the demo's providers the keys that the environment holds under the providers' usual names.",
        "TOLLWAY_UPSTREAM_URL": "An OpenAI-compatible server that joins the demo, up to and including `/v1`.",
        "TOLLWAY_UPSTREAM_API_KEY": "The key to that server.",
        "TOLLWAY_UPSTREAM_MODELS": "The models of that server, separated by commas.",
        "TOLLWAY_SANDBOX_LOG": "A file that gets one line of JSON for each call of the sandbox.",
    },
}
