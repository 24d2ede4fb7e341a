"""What alerts measure of the machinery: lag, parts that are away, settlements on disks, upstreams' errors, refusals."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.urls import reverse

from billing import broker, figures, parts
from billing import lag as ledger_lag
from kernel import clock, modes

from .reading import Reading, Unread

__all__ = ["degraded", "errors", "journal", "lag", "minutes", "redis_said", "refusals"]

LEAST_CALLS = 20
"""Fewer calls in five minutes say too little of an upstream."""
_ERROR_MINUTES = 5
_REFUSAL_MINUTES = 10
_JOURNALS = {modes.JOURNAL.name, modes.KEPT.name}

_CALLS = """
SELECT p.id, p.name, h.calls, h.failures FROM (
    SELECT provider_id, sum(calls)::bigint AS calls, sum(timeouts + rate_limited + refused_keys + errors)::bigint AS failures
    FROM billing_health WHERE span = 1 AND model_id = 0 AND begins >= %s GROUP BY 1) h
JOIN catalog_provider p ON p.id = h.provider_id WHERE h.calls >= %s"""
_REFUSED = """
SELECT coalesce(sum(refusals), 0)::bigint, (array_agg(code ORDER BY refusals DESC))[1]
FROM (SELECT code, sum(refusals) AS refusals FROM billing_refusal_count WHERE minute_no > %s GROUP BY 1) codes"""


def minutes(number: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=number)


def redis_said() -> broker.Said:
    """Return what Redis says of breakers. Raises Unread where it says nothing."""
    said = broker.ask()
    if said.queued is None:
        raise Unread("Redis did not answer")
    return said


def lag(now: datetime, level: float) -> Sequence[Reading]:
    """Return the lag of the ledger, in seconds. One query."""
    seconds = ledger_lag.lag(now).total_seconds()
    if seconds < level:
        return []
    page = reverse("admin:billing_account_changelist")
    said = figures.span(int(seconds)) if seconds >= 3600 else f"{seconds:.0f} s"
    return [
        Reading(
            "lag",
            seconds,
            f"Charges are {said} late",
            "the oldest settled request is not in the ledger",
            page,
        )
    ]


def degraded(now: datetime, level: float) -> Sequence[Reading]:
    """Return the degraded modes, with how many web processes are in each. One query."""
    webs = parts.webs(parts.heard())
    said = Counter(name for web in webs for name in web.said.get("modes", ()) if name not in _JOURNALS)
    page = reverse("admin:billing_worker_changelist")
    return [
        Reading(name, number, modes.MODES[name].title, modes.MODES[name].operators, page)
        for name, number in sorted(said.items())
        if name in modes.MODES and number >= level
    ]


def journal(now: datetime, level: float) -> Sequence[Reading]:
    """Return how many settlements wait in journals, and how many files need a person. One query."""
    webs = parts.webs(parts.heard())
    page = reverse("admin:billing_worker_changelist")
    counted = (
        (modes.JOURNAL, sum(web.said.get("journalled", 0) for web in webs)),
        # Processes of a host share the directory: they count the same files.
        (modes.KEPT, sum({web.host: web.said.get("kept", 0) for web in webs}.values())),
    )
    return [
        Reading(mode.name, number, f"{mode.title}: {number:,}", mode.operators, page)
        for mode, number in counted
        if number >= max(level, 1)
    ]


def errors(now: datetime, level: float) -> Sequence[Reading]:
    """Return the upstreams of whose calls in the last five minutes that share failed, in percent. One query."""
    since = clock.minute_number(now.timestamp()) - _ERROR_MINUTES
    with connection.cursor() as cursor:
        cursor.execute(_CALLS, [since, LEAST_CALLS])
        rows = cursor.fetchall()
    return [
        Reading(
            f"upstream:{provider_id}",
            100 * failures / calls,
            f"{name} fails: {figures.percent(failures, calls)} of its calls",
            f"{failures:,} of {calls:,} in {_ERROR_MINUTES} minutes",
            reverse("admin:catalog_provider_change", args=[provider_id]),
        )
        for provider_id, name, calls, failures in rows
        if 100 * failures / calls >= level
    ]


def refusals(now: datetime, level: float) -> Sequence[Reading]:
    """Return how many requests of all workspaces were refused in ten minutes. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, [clock.minute_number(now.timestamp()) - _REFUSAL_MINUTES])
        [(number, code)] = cursor.fetchall()
    if number < max(level, 1):
        return []
    page = reverse("admin:billing_refusal_changelist")
    return [
        Reading("refusals", number, f"{number:,} requests refused in 10 minutes", f"most of all {code}", page)
    ]
