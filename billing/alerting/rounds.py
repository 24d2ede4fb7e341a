"""One round of the rules, made every minute: what is noticed, what begins once it has held for long enough, what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import DatabaseError, connection, transaction

from billing.models import AlertDelivery, AlertFiring, AlertRule
from kernel import ids

from . import deliveries
from .kinds import KINDS
from .reading import Reading, Unread

__all__ = ["CLEAR_FOR", "MOST_OPEN", "Round", "last", "make"]

CLEAR_FOR = timedelta(minutes=2)
"""What holds no more is over after this: one good minute is a pause of the same trouble."""
MOST_OPEN = 50
"""Of one rule at a time: whoever gets fifty messages needs no fifty-first."""
_READING_SECONDS = 3
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Round:
    """The last round: when it ended, None before the first, and the rules that could not be read in it."""

    ended_at: datetime | None
    unread: Sequence[str]


def make(now: datetime) -> bool:
    """Look at every rule once; return False where another process is at it.

    What could not be read neither begins nor ends anything.
    """
    unread = []
    with transaction.atomic():
        if not _alone():
            return False
        for rule in AlertRule.objects.order_by("pk"):
            try:
                with transaction.atomic():
                    readings = _read(rule, now)
            except (Unread, DatabaseError) as error:
                log.warning("a rule was not read", rule=rule.name, error=str(error))
                unread.append(rule.name)
            else:
                _settle(rule, readings, now)
        _note(now, unread)
    return True


def last() -> Round:
    """Return when the rules were looked at last. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ended_at, unread FROM billing_alert_round")
        return Round(*cursor.fetchall()[0])


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM billing_alert_round FOR UPDATE SKIP LOCKED")
        return bool(cursor.fetchall())


def _note(now: datetime, unread: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_alert_round SET ended_at = %s, unread = %s", [now, list(unread)])


def _read(rule: AlertRule, now: datetime) -> Sequence[Reading]:
    if not rule.active:
        return ()
    kind = KINDS[rule.kind]
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{_READING_SECONDS}s'")
    return kind.find(now, kind.level(float(rule.threshold)))


def _settle(rule: AlertRule, readings: Sequence[Reading], now: datetime) -> None:
    going_on = {each.subject: each for each in rule.firings.filter(ended_at=None).select_related("rule")}
    places = MOST_OPEN - len(going_on)
    for reading in readings:
        firing = going_on.pop(reading.subject[:200], None)
        beyond = KINDS[rule.kind].beyond(reading.value, float(rule.threshold))
        if firing is not None:
            _go_on(firing, reading, now, beyond=beyond)
        elif beyond and places > 0:
            places -= 1
            _notice(rule, reading, now)
    for firing in going_on.values():
        _fade(firing, now)


def _notice(rule: AlertRule, reading: Reading, now: datetime) -> None:
    value = _value(reading)
    firing = AlertFiring(
        id=ids.request_id(),
        rule=rule,
        subject=reading.subject[:200],
        value=value,
        worst=value,
        threshold=rule.threshold,
        noticed_at=now,
    )
    _describe(firing, reading)
    firing.save(force_insert=True)
    if rule.minutes == 0:
        _begin(firing, reading, now)


def _go_on(firing: AlertFiring, reading: Reading, now: datetime, *, beyond: bool) -> None:
    if firing.began_at is not None:
        worst = (min if KINDS[firing.rule.kind].below else max)(firing.worst, _value(reading))
        if worst != firing.worst or firing.clear_since is not None:
            firing.worst, firing.clear_since = worst, None
            firing.save(update_fields=["worst", "clear_since"])
    elif not beyond:
        firing.delete()
    elif now - firing.noticed_at >= timedelta(minutes=firing.rule.minutes):
        _begin(firing, reading, now)


def _begin(firing: AlertFiring, reading: Reading, now: datetime) -> None:
    firing.began_at = now
    firing.value = firing.worst = _value(reading)
    _describe(firing, reading)
    firing.save()
    deliveries.tell(firing, AlertDelivery.Event.BEGAN, now)


def _fade(firing: AlertFiring, now: datetime) -> None:
    if firing.began_at is None:
        firing.delete()
    elif not firing.rule.active or (firing.clear_since and now - firing.clear_since >= CLEAR_FOR):
        firing.ended_at = now
        firing.save(update_fields=["ended_at"])
        deliveries.tell(firing, AlertDelivery.Event.ENDED, now)
    elif firing.clear_since is None:
        firing.clear_since = now
        firing.save(update_fields=["clear_since"])


def _describe(firing: AlertFiring, reading: Reading) -> None:
    firing.title, firing.detail, firing.url = reading.title[:200], reading.detail[:400], reading.url[:400]


def _value(reading: Reading) -> Decimal:
    # The column holds twelve digits before the point: what is measured beyond that is no less alarming.
    return Decimal(str(round(max(-1e11, min(1e11, reading.value)), 2)))
