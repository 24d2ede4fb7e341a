"""The messages that go out to operators: each made once with what it tells, after the rule's quiet hours."""

from datetime import datetime

from billing.models import AlertChannel, AlertDelivery, AlertFiring
from kernel import clock, ids

from . import message, quiet, sending, trying

__all__ = ["send_due", "tell", "test"]

Event = AlertDelivery.Event
Status = AlertDelivery.Status


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


def send_due(seconds: float) -> int:
    """Send what is due for about so many seconds; return how many messages were taken."""
    return trying.send_due(AlertDelivery.objects.order_by("due_at"), sending.ready, seconds=seconds)
