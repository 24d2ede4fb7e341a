"""The task queue: its application."""

import logging
import os

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tollway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "billing",
        "billing.alerting",
        "billing.bulk",
        "billing.customer_alerts",
        "billing.month_end",
        "billing.payments",
        "billing.paper",
        "billing.proof",
        "billing.repricing",
        "billing.team",
        "catalog",
        "inference",
    ]
)


@setup_logging.connect
def log_as_json(loglevel: int = logging.WARNING, **_: object) -> None:
    """Have worker and beat log as web does; that somebody listens keeps Celery from a form of its own."""
    from . import logs

    logs.configure(level=loglevel)


@worker_process_init.connect
def close_inherited_pools(**_: object) -> None:
    """Drop the database pool that a fork copied: its threads did not come along."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close_pool()  # type: ignore[attr-defined]


@celeryd_init.connect
def watch_the_worker(**_: object) -> None:
    """Have a worker watched and its runs written down, and nothing of what only sends."""
    from . import job_notes, watchdog  # noqa: F401  # connect themselves; need Django set up
