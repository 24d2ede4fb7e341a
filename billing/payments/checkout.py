"""How a person is sent to Stripe: to pay for a top-up or a plan, to save a card, to see their payments there."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from accounts.models import User, Workspace
from billing.models import StripeCustomer, TopUp
from catalog.models import PlanVersion
from kernel import clock, ids, money

from . import calls, keys, subscribed

__all__ = [
    "PRESETS_USD",
    "BadAmount",
    "Pages",
    "TooMany",
    "begin",
    "portal",
    "save_card",
    "start",
    "subscribe",
]

PRESETS_USD = (10, 25, 50, 100, 500)
PAY_WITHIN = timedelta(hours=1)


class BadAmount(ValueError):
    """The amount is not one that can be paid."""


class TooMany(Exception):
    """The workspace began as many top-ups within the last hour as it may: stolen cards are tried out like this."""


@dataclass(frozen=True)
class Pages:
    """Where Stripe sends a person back to: when they are done, and when they turn back."""

    done: str
    back: str


@dataclass(frozen=True)
class _Customer:
    """A workspace at Stripe: our row, Stripe's name for it, and the mode."""

    row: UUID
    name: str
    livemode: bool


def begin(workspace: Workspace, *, cents: int, by: User) -> TopUp:
    """Write down that a top-up is wanted. Raises BadAmount, TooMany, calls.Away or calls.Unusable."""
    least, most = settings.TOPUP_LEAST_USD, settings.TOPUP_MOST_USD
    if not least * 100 <= cents <= most * 100:
        raise BadAmount(f"From ${least:,} to ${most:,}.")
    customer = _customer(workspace)
    now = clock.now()
    with transaction.atomic():
        # The customer's row is the turnstile: of two top-ups at once the second counts the first.
        StripeCustomer.objects.select_for_update().get(pk=customer.row)
        recent = TopUp.objects.filter(
            workspace_id=workspace.pk, source=TopUp.Source.CHECKOUT, created_at__gt=now - timedelta(hours=1)
        )
        if recent.count() >= settings.TOPUPS_AN_HOUR:
            raise TooMany
        return TopUp.objects.create(
            id=ids.request_id(),
            workspace_id=workspace.pk,
            source=TopUp.Source.CHECKOUT,
            amount_cents=cents,
            livemode=customer.livemode,
            customer_id=customer.name,
            created_by=by.pk,
            created_at=now,
        )


def start(topup: TopUp, pages: Pages) -> str:
    """Have Stripe make the page on which a top-up is paid, and return its address. Raises calls.Away or Unusable.

    Without an address nobody can pay: the top-up has failed then, also if Stripe made a page of which we do not hear.
    """
    expires = topup.created_at + PAY_WITHIN
    try:
        session = calls.new_checkout(
            topup, done=pages.done, back=pages.back, expires=int(expires.timestamp())
        )
    except (calls.Away, calls.Unusable):
        unheard = TopUp.objects.filter(pk=topup.pk, status=TopUp.Status.NEW)
        unheard.update(status=TopUp.Status.FAILED, failure="not_begun")
        raise
    # Only while it is new: its webhook may have been faster, and has named the session then.
    TopUp.objects.filter(pk=topup.pk, session_id=None).update(session_id=session.id, status=TopUp.Status.OPEN)
    return session.url


def save_card(workspace: Workspace, pages: Pages) -> str:
    """Have Stripe make a page on which a card is saved for auto-recharge, and return its address."""
    return calls.new_setup(
        token=uuid4(),
        workspace_id=workspace.pk,
        customer=_customer(workspace).name,
        done=pages.done,
        back=pages.back,
    ).url


def subscribe(workspace: Workspace, terms: PlanVersion, pages: Pages) -> str:
    """Have Stripe make a page on which a plan is bought, good for an hour, and return its address.

    The price of the terms is in whole cents. Raises calls.Away or calls.Unusable.
    """
    assert terms.price_nano > 0, "what costs nothing is not bought"
    wanted = subscribed.Purchase(
        workspace_id=workspace.pk,
        terms_id=terms.pk,
        name=terms.plan.name,
        cents=terms.price_nano // money.NANO_PER_CENT,
        interval=terms.period,
    )
    return subscribed.new_page(
        wanted,
        token=uuid4(),
        customer=_customer(workspace).name,
        done=pages.done,
        back=pages.back,
        expires=int((clock.now() + PAY_WITHIN).timestamp()),
    ).url


def portal(workspace: Workspace, back: str) -> str:
    """Return the address of a page at Stripe with the workspace's payments and cards."""
    return calls.portal(customer=_customer(workspace).name, back=back)


def _customer(workspace: Workspace) -> _Customer:
    """Return who the workspace is at Stripe; made at the first need, once."""
    row, _ = StripeCustomer.objects.get_or_create(workspace_id=workspace.pk, livemode=keys.live())
    if row.customer_id is None:
        made = calls.new_customer(token=row.id, workspace_id=workspace.pk)
        StripeCustomer.objects.filter(pk=row.pk, customer_id=None).update(customer_id=made)
        row.refresh_from_db()
    assert row.customer_id is not None
    return _Customer(row.id, row.customer_id, row.livemode)
