"""When beat sends what, and for how long each waits for a worker before the next one will see all that it would have."""

from typing import Any

from celery.schedules import crontab

__all__ = ["of"]

# Name, task, seconds between two of them, seconds for which one waits.
_OFTEN = (
    ("plan credits", "billing.grant_due", 60.0, 50),
    ("lapse", "billing.lapse_credit", 30.0, 60),
    ("chains", "catalog.publish_due", 30.0, 60),
    ("costs", "catalog.compare_daily", 3600.0, 600),
    ("lists", "inference.compare_asked", 15.0, 30),
    ("health", "inference.check_quiet_providers", 60.0, 50),
    ("talks of the hub", "inference.forget_hub_sessions", 60.0, 50),
    ("audit", "billing.audit_days", 300.0, 250),
    ("seals", "billing.seal_days", 600.0, 500),
    ("papers", "billing.issue_papers", 60.0, 50),
    ("recharge", "billing.recharge_due", 30.0, 60),
    ("jobs on many rows", "billing.finish_bulk_jobs", 15.0, 30),
    ("farewells", "billing.finish_farewells", 600.0, 500),
    ("repricings", "billing.finish_repricings", 60.0, 50),
    ("alerts", "billing.evaluate_alerts", 60.0, 50),
    ("alert messages", "billing.send_alerts", 15.0, 30),
    ("customers' alerts", "billing.evaluate_customer_alerts", 60.0, 50),
    ("customers' messages", "billing.send_customer_alerts", 15.0, 30),
    ("months", "billing.count_months", 3600.0, 600),
    ("months asked for", "billing.count_asked_months", 60.0, 50),
    ("partitions", "billing.make_partitions", 3600.0, 600),
)
# Name, task, when each day (UTC).
_NIGHTLY = (
    ("audit everything", "billing.audit_everything", crontab(hour="2", minute="0")),
    ("old events", "billing.drop_events", crontab(hour="4", minute="30")),
    ("customers' old messages", "billing.forget_customer_alerts", crontab(hour="4", minute="45")),
)
_SWEEPS = (("charge", "billing.charge_due"), ("reap", "billing.reap"))
_TURNS = 6
"""A sweep that waited for so many of its turns is not worth making."""


def of(sweep_seconds: int) -> dict[str, dict[str, Any]]:
    """Return Celery's timetable, where sweeps are made every so many seconds."""
    sweeps = ((*sweep, float(sweep_seconds), _TURNS * sweep_seconds) for sweep in _SWEEPS)
    often = {
        name: {"task": task, "schedule": seconds, "options": {"expires": waits}}
        for name, task, seconds, waits in (*sweeps, *_OFTEN)
    }
    return often | {name: {"task": task, "schedule": when} for name, task, when in _NIGHTLY}
