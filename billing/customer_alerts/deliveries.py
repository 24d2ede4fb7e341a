"""The messages that go out to customers: one of each firing to each endpoint of its workspace and to its people."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts import powers
from accounts.models import Member
from accounts.powers import Power
from billing.alerting import reaching, trying
from billing.models import CustomerDelivery, CustomerEndpoint, CustomerFiring
from kernel import clock, ids
from kernel.deeds import Deed
from kernel.deeds import tell as tell_deed

from . import endpoints, message

__all__ = ["addressees", "again", "known", "send_due", "tell", "test"]


def tell(firings: Sequence[CustomerFiring], now: datetime) -> None:
    """Have firings told, in the caller's transaction, to the endpoints of their workspaces that are on, and by mail."""
    goes_to = defaultdict(list)
    for endpoint in endpoints.in_use({firing.workspace_id for firing in firings}):
        goes_to[endpoint.workspace_id].append(endpoint)
    CustomerDelivery.objects.bulk_create(
        row for firing in firings for row in _of(firing, goes_to[firing.workspace_id], now)
    )


@transaction.atomic
def test(by: Member, endpoint: CustomerEndpoint) -> CustomerDelivery:
    """Have a test sent to an endpoint, within seconds."""
    now = clock.now()
    body = message.of_test(endpoint.workspace.slug, by=str(by.user), at=now)
    row = _row(endpoint.workspace_id, body, now, endpoint=endpoint)
    row.save(force_insert=True)
    tell_deed(Deed("add", row, f"Sent a test to {endpoint.host}.", actor=str(by.user), actor_id=by.user_id))
    return row


@transaction.atomic
def again(by: Member, delivery: CustomerDelivery) -> None:
    """Have the same message sent once more, within seconds. Raises trying.NotAllowed."""
    trying.again(delivery)
    said = f"Sent the message of {delivery.made_at:%Y-%m-%d %H:%M} UTC again, {delivery.pk}."
    tell_deed(Deed("change", delivery, said, actor=str(by.user), actor_id=by.user_id))


def known(workspace_id: int) -> QuerySet[CustomerDelivery]:
    """Return the messages of a workspace, the newest first."""
    found = CustomerDelivery.objects.filter(workspace_id=workspace_id)
    return found.select_related("firing", "endpoint").order_by("-made_at", "-pk")


def send_due(seconds: float) -> int:
    """Send what is due for about so many seconds; return how many messages were taken.

    What was not tried yet goes first: an endpoint that never answers keeps nobody else's waiting.
    """
    return trying.send_due(CustomerDelivery.objects.order_by("tries", "due_at"), _ready, seconds=seconds)


def addressees(workspace_id: int) -> Sequence[str]:
    """Return the addresses of those members who may change alerts."""
    roles = powers.roles_with(Power.ALERTS)
    people = Member.objects.filter(workspace_id=workspace_id, role__in=roles, user__is_active=True)
    found = people.order_by("user__email").values_list("user__email", flat=True)
    return list(found[: reaching.MOST_PEOPLE])


def _of(
    firing: CustomerFiring, goes_to: Sequence[CustomerEndpoint], now: datetime
) -> Iterator[CustomerDelivery]:
    body = message.of_firing(firing)
    if firing.alert.by_mail:
        yield _row(firing.workspace_id, body, now, firing=firing)
    for endpoint in goes_to:
        yield _row(firing.workspace_id, body, now, firing=firing, endpoint=endpoint)


def _row(
    workspace_id: int,
    body: str,
    now: datetime,
    *,
    firing: CustomerFiring | None = None,
    endpoint: CustomerEndpoint | None = None,
) -> CustomerDelivery:
    return CustomerDelivery(
        id=ids.request_id(),
        workspace_id=workspace_id,
        firing=firing,
        endpoint=endpoint,
        body=body,
        made_at=now,
        due_at=now,
    )


def _ready(delivery: CustomerDelivery) -> trying.Send:
    endpoint = delivery.endpoint
    if endpoint is None:
        to, words = addressees(delivery.workspace_id), message.in_words(delivery.body)
        return partial(reaching.mail, to, *words, message_id=str(delivery.pk))
    if endpoint.removed_at is not None or not endpoint.active:
        raise reaching.Failed("the endpoint is off", hopeless=True)
    return partial(
        reaching.post,
        endpoint.address,
        delivery.body,
        sealed=endpoints.secrets(endpoint, clock.now()),
        message_id=str(delivery.pk),
        private=settings.CUSTOMER_WEBHOOKS_PRIVATE,
    )
