"""How messages that wait are sent: each by one process, tried a few times ever more seldom, and once more on demand."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db import transaction
from django.db.models import QuerySet

from billing.models.delivery import Delivery
from kernel import clock

from . import reaching

__all__ = ["AT_ONCE", "BACK_OFF", "LEASE", "MOST_TRIES", "NotAllowed", "Send", "again", "claim", "send_due"]

AT_ONCE = 20
"""So many are sent side by side: receivers that never answer hold up a batch for as long as one of them does."""
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""How long after each failed try the next one is made; after the last there is none."""
LEASE = timedelta(minutes=2)
"""What a process that died had begun to send is sent again after this; its id tells the receiver that it is the same."""
MOST_TRIES = 20
log = structlog.get_logger()

D = TypeVar("D", bound=Delivery)
Send = Callable[[], str]
"""Sends one message and returns what came of it, in words; asks no database. Raises reaching.Failed."""
Status = Delivery.Status


class NotAllowed(ValueError):
    """A message that is not sent again now; the text is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one try."""

    said: str
    milliseconds: int
    taken: bool = False
    hopeless: bool = False


@transaction.atomic
def again(delivery: Delivery) -> None:
    """Have the same message sent once more, within seconds. Raises NotAllowed."""
    found = type(delivery)._default_manager.select_for_update().get(pk=delivery.pk)
    if found.status == Status.WAITING:
        raise NotAllowed("It waits to be sent already.")
    if found.tries >= MOST_TRIES:
        raise NotAllowed(f"It was tried {found.tries} times: mend what does not take it, and send a test.")
    found.status, found.due_at = Status.WAITING, clock.now()
    found.save(update_fields=["status", "due_at"])


def send_due(rows: QuerySet[D], ready: Callable[[D], Send], *, seconds: float) -> int:
    """Send what is due of some rows, in their order, for about so many seconds; return how many were taken.

    `ready` reads what it takes to send one; it may raise reaching.Failed too.
    """
    taken, until = 0, time.monotonic() + seconds
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="messages") as pool:
        while time.monotonic() < until:
            claimed = claim(rows, clock.now())
            sends = [_ready(delivery, ready) for delivery in claimed]
            for delivery, outcome in zip(claimed, pool.map(_try, sends), strict=True):
                _note(delivery, outcome)
                taken += outcome.taken
            if len(claimed) < AT_ONCE:
                break
    return taken


@transaction.atomic
def claim(rows: QuerySet[D], now: datetime) -> list[D]:
    """Take the first of some rows that are due, at most AT_ONCE, so that no other process tries them meanwhile."""
    waiting = rows.filter(status=Status.WAITING, due_at__lte=now)
    found = list(waiting.select_for_update(skip_locked=True)[:AT_ONCE])
    for delivery in found:
        delivery.tries += 1
        delivery.due_at = now + LEASE
        delivery.save(update_fields=["tries", "due_at"])
    return found


def _ready(delivery: D, ready: Callable[[D], Send]) -> Send:
    try:
        return ready(delivery)
    except reaching.Failed as error:
        why = error

        def failed() -> str:
            raise why

        return failed


def _try(send: Send) -> _Outcome:
    began = time.monotonic()

    def after() -> int:
        return round(1000 * (time.monotonic() - began))

    try:
        return _Outcome(send(), after(), taken=True)
    except reaching.Failed as error:
        return _Outcome(str(error), after(), hopeless=error.hopeless)
    except Exception as error:  # one message that cannot be sent must not keep the others
        log.exception("a message could not be sent")
        return _Outcome(f"could not be sent: {type(error).__name__}", after())


def _note(delivery: Delivery, outcome: _Outcome) -> None:
    now = clock.now()
    delivery.log.append(
        {"at": now.isoformat(timespec="seconds"), "said": outcome.said[:300], "ms": outcome.milliseconds}
    )
    if outcome.taken:
        delivery.status, delivery.sent_at = Status.SENT, now
    elif outcome.hopeless or delivery.tries > len(BACK_OFF):
        delivery.status = Status.FAILED
    else:
        delivery.due_at = now + BACK_OFF[delivery.tries - 1]
    delivery.save(update_fields=["status", "sent_at", "due_at", "log"])
    if not outcome.taken:
        log.warning(
            "an alert was not taken", message=str(delivery.pk), why=outcome.said, tries=delivery.tries
        )
