"""The messages that go out: each made once with what it tells, tried a few times ever more seldom, and sent again on demand."""

import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from billing.models import AlertChannel, AlertDelivery, AlertFiring
from kernel import clock, ids

from . import message, quiet, sending

__all__ = ["BACK_OFF", "MOST_TRIES", "NotAllowed", "again", "send_due", "tell", "test"]

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""How long after each failed try the next one is made; after the last there is none."""
LEASE = timedelta(minutes=2)
"""What a process that died had begun to send is sent again after this; its id tells the receiver that it is the same."""
MOST_TRIES = 20
log = structlog.get_logger()

Event = AlertDelivery.Event
Status = AlertDelivery.Status


class NotAllowed(ValueError):
    """A message that is not sent again now; the text is a sentence for whoever asked."""


def tell(firing: AlertFiring, event: AlertDelivery.Event, now: datetime) -> None:
    """Have a beginning or an end told to the rule's channels, after its quiet hours.

    An end is told where the beginning was; what is over before anybody heard of it is not told at all.
    """
    rule = firing.rule
    told = set(firing.deliveries.filter(event=Event.BEGAN).values_list("channel_id", flat=True))
    unheard = firing.deliveries.filter(event=Event.BEGAN, status=Status.WAITING, tries=0)
    spared = (
        set(unheard.select_for_update().values_list("channel_id", flat=True))
        if event == Event.ENDED
        else set()
    )
    unheard.filter(channel__in=spared).update(status=Status.SPARED)
    for channel in rule.channels.filter(active=True):
        if event == Event.BEGAN or (channel.pk in told and channel.pk not in spared):
            AlertDelivery.objects.create(
                id=ids.request_id(),
                firing=firing,
                channel=channel,
                event=event,
                body=message.of_firing(firing, event, now),
                made_at=now,
                due_at=quiet.due(now, rule.quiet_from, rule.quiet_until),
            )


def test(channel: AlertChannel, *, by: str) -> AlertDelivery:
    """Have a test sent to a channel, within seconds."""
    now = clock.now()
    return AlertDelivery.objects.create(
        id=ids.request_id(),
        channel=channel,
        event=Event.TEST,
        body=message.of_test(by, now),
        made_at=now,
        due_at=now,
    )


@transaction.atomic
def again(delivery: AlertDelivery) -> None:
    """Have the same message sent once more, within seconds. Raises NotAllowed."""
    found = AlertDelivery.objects.select_for_update().get(pk=delivery.pk)
    if found.status == Status.WAITING:
        raise NotAllowed("It waits to be sent already.")
    if found.tries >= MOST_TRIES:
        raise NotAllowed(f"It was tried {found.tries} times: mend the channel, and send a test.")
    found.status, found.due_at = Status.WAITING, clock.now()
    found.save(update_fields=["status", "due_at"])


def send_due(seconds: float) -> int:
    """Send what is due for about so many seconds; return how many messages were taken."""
    taken, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        delivery = _claim(clock.now())
        if delivery is None:
            break
        taken += _try(delivery)
    return taken


@transaction.atomic
def _claim(now: datetime) -> AlertDelivery | None:
    waiting = AlertDelivery.objects.filter(status=Status.WAITING, due_at__lte=now).order_by("due_at")
    found = waiting.select_for_update(skip_locked=True).first()
    if found is not None:
        found.tries += 1
        found.due_at = now + LEASE
        found.save(update_fields=["tries", "due_at"])
    return found


def _try(delivery: AlertDelivery) -> bool:
    began = time.monotonic()
    try:
        said, taken, hopeless = sending.send(delivery), True, False
    except sending.Failed as error:
        said, taken, hopeless = str(error), False, error.hopeless
        log.warning("an alert was not taken", channel=delivery.channel.name, why=said, tries=delivery.tries)
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
