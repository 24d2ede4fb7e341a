"""Whether the machinery is well: eight cells, each with what is measured and the list behind it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse

from billing import broker, figures, parts
from billing.lag import OLDEST
from billing.payments.unheard import UNHEARD
from billing.proof.verdict import STALE_AFTER
from kernel import clock, degraded

__all__ = ["Cell", "Integrity", "integrity"]

HOLD_IS_OLD = timedelta(minutes=15)
"""A request may last 10 minutes: a hold that is older was forgotten."""
QUEUE_IS_LONG = 1_000
_LAG_TOLERATED = timedelta(seconds=60)

# Each figure comes from few rows: of open requests, of today's events by an index, of models, of parts that live.
_READ = f"""
SELECT
  (SELECT count(*) FROM billing_admission), (SELECT min(admitted_at) FROM billing_admission),
  {OLDEST},
  (SELECT count(*) FROM billing_price_gap WHERE kind = 'unpriced'),
  (SELECT count(*) FROM catalog_model m WHERE m.active
    AND EXISTS (SELECT FROM catalog_chain c WHERE c.model_id = m.id AND c.status = 'live')),
  (SELECT count(*) FROM billing_stripe_event WHERE received_at >= %(today)s AND {UNHEARD}),
  (SELECT count(*) FROM billing_stripe_event WHERE received_at >= %(today)s),
  (SELECT count(*) FROM billing_usage_event WHERE status = 'reaped' AND id >= billing_first_id(%(today)s::date)),
  (SELECT max(recorded_at) FROM billing_usage_event WHERE status = 'reaped'
    AND id >= billing_first_id(%(today)s::date)),
  (SELECT max(heard_at) FROM billing_part WHERE kind = 'sweep'),
  (SELECT count(*) FROM billing_part WHERE kind = 'web' AND heard_at > %(now)s - {parts.STALE_SECONDS} * interval '1 s'),
  (SELECT coalesce(jsonb_agg(last ORDER BY last.ended_at DESC), '[]') FROM (VALUES ('window'), ('whole')) kinds (kind)
    JOIN LATERAL (SELECT id, broken, ended_at, rules FROM billing_audit_run run
      WHERE run.kind = kinds.kind AND run.ended_at IS NOT NULL ORDER BY id DESC LIMIT 1) last ON true)
"""

_Run = tuple[int, int, datetime, list[dict[str, Any]]]  # its number, findings, its end, its rules


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its name, what is measured in a word or figure, what stands below, and the list behind it.

    `state` is empty in health, `warned` or `failed`. `seen_by` is the permission for the list.
    """

    name: str
    says: str
    below: str
    url: str
    seen_by: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Integrity:
    """The cells, and what the last audits found: the rule's name with each finding."""

    cells: Sequence[Cell]
    findings: Sequence[tuple[str, dict[str, Any]]]


def integrity(now: datetime, said: broker.Said) -> Integrity:
    """Return how the machinery is. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"today": f"{clock.utc_day(now)} 00:00+00", "now": now})
        [(*row, told)] = cursor.fetchall()
    runs = list(_runs(told))
    findings = [(rule["name"], each) for *_, rules in runs for rule in rules for each in rule["findings"]]
    return Integrity(list(_cells(runs, row, said, now)), findings)


def _cells(runs: Sequence[_Run], row: Sequence[Any], said: broker.Said, now: datetime) -> Iterator[Cell]:
    holds, oldest, unposted, unpriced, sold, failed, events, reaped, reaped_at, swept, webs = row
    yield _audit(runs, now)
    yield _lag(unposted, now)
    yield _holds(holds, oldest, now)
    yield Cell("Unpriced models", f"{unpriced:,}", f"of {sold:,} on sale", _list("billing_pricegap", "kind__exact=unpriced"), "billing.view_pricegap", "warned" if unpriced else "")  # fmt: skip
    yield _degraded(now)
    yield _webhooks(failed, events)
    yield _queue(said, swept, webs, now)
    below = _ago(now, reaped_at) if reaped_at else "left by dead processes"
    yield Cell("Reaped", f"{reaped:,} today", below, _list("billing_usageevent", "status__exact=reaped&day=today"), "billing.view_usageevent")  # fmt: skip


def _audit(runs: Sequence[_Run], now: datetime) -> Cell:
    url = _list("billing_auditrun")
    if not runs:
        return Cell("Audit", "none yet", "every five minutes", url, "billing.view_auditrun", "warned")
    red = [run for run in runs if run[1]]
    run_id, _, ended, rules = (red or runs)[0]
    hold = sum(1 for rule in rules if not rule["broken"])
    stale = now - max(run[2] for run in runs) > STALE_AFTER
    return Cell(
        "Audit",
        f"{hold} of {len(rules)} hold",
        _ago(now, ended),
        reverse("admin:billing_auditrun_change", args=[run_id]),
        "billing.view_auditrun",
        "failed" if red else "warned" if stale else "",
    )


def _lag(unposted: datetime | None, now: datetime) -> Cell:
    budget = timedelta(seconds=settings.CHARGE_AFTER_SECONDS)
    lag = now - unposted if unposted is not None else timedelta()
    return Cell(
        "Roll-up lag",
        _span(lag) if unposted is not None else "none",
        f"budget {settings.CHARGE_AFTER_SECONDS} s",
        _list("billing_account"),
        "billing.view_account",
        "warned" if lag > budget + _LAG_TOLERATED else "",
    )


def _holds(holds: int, oldest: datetime | None, now: datetime) -> Cell:
    old = oldest is not None and now - oldest > HOLD_IS_OLD
    below = f"oldest {_span(now - oldest)}" if oldest is not None else "no request is open"
    return Cell("Open holds", f"{holds:,}", below, _list("billing_admission"), "billing.view_admission", "warned" if old else "")  # fmt: skip


def _degraded(now: datetime) -> Cell:
    held = degraded.current()
    names = ", ".join(each.mode.name for each in held)
    below = f"since {min(each.since for each in held):%H:%M} UTC" if held else "nothing is away"
    return Cell("Degraded", names or "none", below, _list("billing_worker"), "billing.view_worker", "failed" if held else "")  # fmt: skip


def _webhooks(failed: int, events: int) -> Cell:
    below = f"of {events:,} today" if settings.STRIPE_SECRET_KEY or events else "Stripe is not set up"
    url = _list("billing_stripeevent", "outcome__exact=refused" if failed else "")
    return Cell("Webhooks failed", f"{failed:,}", below, url, "billing.view_stripeevent", "warned" if failed else "")  # fmt: skip


def _queue(said: broker.Said, swept: datetime | None, webs: int, now: datetime) -> Cell:
    silent = swept is None or (now - swept).total_seconds() > settings.BACKGROUND_SILENCE_SECONDS
    last = f"swept {_ago(now, swept)}" if swept is not None else "no sweep yet"
    process = f"{webs} process{'es' if webs != 1 else ''}"
    return Cell(
        "Queue",
        "unknown" if said.queued is None else f"{said.queued:,} waiting",
        f"{last}, {process}",
        _list("billing_worker"),
        "billing.view_worker",
        "warned" if silent or said.queued is None or said.queued > QUEUE_IS_LONG else "",
    )


def _runs(told: str) -> Iterator[_Run]:
    for run in json.loads(told):  # Django hands JSON over as text
        yield run["id"], run["broken"], datetime.fromisoformat(run["ended_at"]), run["rules"]


def _list(page: str, query: str = "") -> str:
    return reverse(f"admin:{page}_changelist") + (f"?{query}" if query else "")


def _ago(now: datetime, at: datetime) -> str:
    passed = now - at
    return figures.age(passed) if passed < timedelta(days=2) else f"{passed.days} days ago"


def _span(passed: timedelta) -> str:
    seconds = max(0.0, passed.total_seconds())
    return f"{seconds:.1f} s" if seconds < 10 else figures.age(passed).removesuffix(" ago")
