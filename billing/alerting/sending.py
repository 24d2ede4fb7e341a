"""How one message reaches one channel: by mail to its people, or posted to its address."""

from collections.abc import Sequence
from functools import partial

from django.db.models import Q

from accounts.models import User
from billing.models import AlertChannel, AlertDelivery

from . import message, reaching
from .trying import Send

__all__ = ["addressees", "ready"]


def addressees(channel: AlertChannel) -> Sequence[str]:
    """Return the addresses of a channel by mail: of its people and groups, or of those who may do everything."""
    named = Q(pk__in=channel.people.values("pk")) | Q(groups__in=channel.groups.values("pk"))
    whom = named if channel.people.exists() or channel.groups.exists() else Q(is_superuser=True)
    people = User.objects.filter(whom, is_staff=True, is_active=True)
    return list(people.order_by("email").values_list("email", flat=True).distinct()[: reaching.MOST_PEOPLE])


def ready(delivery: AlertDelivery) -> Send:
    """Return what sends a message. Raises reaching.Failed where nothing can."""
    channel = delivery.channel
    if not channel.active:
        raise reaching.Failed("the channel is off", hopeless=True)
    if channel.kind == AlertChannel.Kind.MAIL:
        words = message.in_words(delivery.body)
        return partial(reaching.mail, addressees(channel), *words, message_id=str(delivery.pk))
    return partial(
        reaching.post,
        channel.address,
        delivery.body,
        sealed=[bytes(channel.sealed)],
        message_id=str(delivery.pk),
        private=channel.private,
    )
