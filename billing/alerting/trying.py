"""How messages that wait are sent: each by one process, tried a few times ever more seldom, and once more on demand."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db import transaction
from django.db.models import QuerySet

from billing.models.delivery import Delivery
from kernel import clock

from . import reaching

__all__ = ["BACK_OFF", "LEASE", "MOST_TRIES", "NotAllowed", "again", "claim", "send_due"]

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""How long after each failed try the next one is made; after the last there is none."""
LEASE = timedelta(minutes=2)
"""What a process that died had begun to send is sent again after this; its id tells the receiver that it is the same."""
MOST_TRIES = 20
log = structlog.get_logger()

D = TypeVar("D", bound=Delivery)
Status = Delivery.Status


class NotAllowed(ValueError):
    """A message that is not sent again now; the text is a sentence for whoever asked."""


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


def send_due(rows: QuerySet[D], send: Callable[[D], str], *, seconds: float) -> int:
    """Send what is due of some rows, in their order, for about so many seconds; return how many were taken.

    `send` returns what came of a try, in words, and raises reaching.Failed.
    """
    taken, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        delivery = claim(rows, clock.now())
        if delivery is None:
            break
        taken += _try(delivery, send)
    return taken


@transaction.atomic
def claim(rows: QuerySet[D], now: datetime) -> D | None:
    """Take the first of some rows that is due, so that no other process tries it meanwhile; None without one."""
    waiting = rows.filter(status=Status.WAITING, due_at__lte=now)
    found = waiting.select_for_update(skip_locked=True).first()
    if found is not None:
        found.tries += 1
        found.due_at = now + LEASE
        found.save(update_fields=["tries", "due_at"])
    return found


def _try(delivery: D, send: Callable[[D], str]) -> bool:
    began = time.monotonic()
    try:
        said, taken, hopeless = send(delivery), True, False
    except reaching.Failed as error:
        said, taken, hopeless = str(error), False, error.hopeless
        log.warning("an alert was not taken", message=str(delivery.pk), why=said, tries=delivery.tries)
    now = clock.now()
    milliseconds = round(1000 * (time.monotonic() - began))
    delivery.log.append({"at": now.isoformat(timespec="seconds"), "said": said[:300], "ms": milliseconds})
    if taken:
        delivery.status, delivery.sent_at = Status.SENT, now
    elif hopeless or delivery.tries > len(BACK_OFF):
        delivery.status = Status.FAILED
    else:
        delivery.due_at = now + BACK_OFF[delivery.tries - 1]
    delivery.save(update_fields=["status", "sent_at", "due_at", "log"])
    return taken
