"""Whether a signed event is believed: only if it is about what we asked for, and else a person is told."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from billing.models import PaymentAlert, StripeEvent, TopUp
from tests.billing.payments.till import Payer, Till

pytestmark = pytest.mark.django_db

OTHERS = "28d37469-ab96-4d13-b5ba-080fba05d9d8"


def refused(event: dict[str, Any], payer: Payer) -> bool:
    """Tell whether an event was kept, credited nothing and told a person."""
    kept = StripeEvent.objects.get(pk=event["id"])
    return (
        kept.outcome == "refused"
        and payer.posted == 0
        and PaymentAlert.objects.filter(event_id=event["id"], kind="misfit", resolved_at=None).count() == 1
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_total": 2501},
        {"amount_total": 2500.0},
        {"amount_total": None},
        {"currency": "eur"},
        {"currency": "USD"},
        {"customer": "cus_other"},
        {"customer": None},
        {"livemode": True},
        {"client_reference_id": None},
        {"client_reference_id": "4711"},
        {"client_reference_id": OTHERS},
        {"id": "cs_other"},
        {"metadata": {}},
        {"metadata": {"topup": OTHERS, "workspace": "1"}},
        {"mode": "payments"},
    ],
    ids=str,
)
def test_fits_no_session_that_is_not_the_one_asked_for(till: Till, changed: dict[str, Any]) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    till.world.pay(topup.session_id or "")
    event = till.world.event("checkout.session.completed", till.world.get(topup.session_id or ""), **changed)
    assert till.deliver(event) == 200
    assert refused(event, payer)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 2400},
        {"amount_received": 1},
        {"currency": "jpy"},
        {"customer": "cus_other"},
        {"livemode": True},
        {"metadata": {"topup": OTHERS}},
    ],
    ids=str,
)
def test_fits_no_payment_that_is_not_the_one_asked_for(till: Till, changed: dict[str, Any]) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    event = till.world.pay(topup.session_id or "")
    till.world.get(event["data"]["object"]["payment_intent"]).update(changed)
    assert till.deliver(event) == 200
    assert refused(event, payer)


def test_fits_no_event_of_the_other_mode(till: Till, settings: Settings) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    settings.STRIPE_SECRET_KEY = "sk_live_0123456789abcdef"
    event = till.world.pay(topup.session_id or "")
    assert till.deliver(event) == 200
    assert refused(event, payer)


def test_fits_no_top_up_of_the_other_mode(till: Till, settings: Settings) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    settings.STRIPE_SECRET_KEY = "sk_live_0123456789abcdef"
    till.world.livemode = True
    till.world.get(topup.session_id or "")["livemode"] = True
    event = till.world.pay(topup.session_id or "")
    assert till.deliver(event) == 200
    assert refused(event, payer)


def test_fits_no_session_of_another_workspace(till: Till) -> None:
    payer, rival = till.payer(), till.payer()
    mine, theirs = till.begun(payer), till.begun(rival)
    till.world.pay(theirs.session_id or "")
    event = till.world.event(
        "checkout.session.completed",
        till.world.get(theirs.session_id or ""),
        client_reference_id=str(mine.id),
    )
    assert till.deliver(event) == 200
    assert refused(event, payer)
    assert rival.posted == 0


def test_fits_no_second_payment_under_one_top_up(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer)
    other = till.begun(payer)
    theirs = till.world.pay(other.session_id or "")["data"]["object"]["payment_intent"]
    till.world.get(theirs)["metadata"] = {"topup": str(topup.id), "workspace": str(payer.workspace.pk)}
    event = till.world.event("payment_intent.succeeded", till.world.get(theirs))
    assert till.deliver(event) == 200
    assert StripeEvent.objects.get(pk=event["id"]).outcome == "refused"
    assert payer.kinds() == [("topup", 25_000_000_000)]


def test_fits_no_payment_that_stripe_does_not_have(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    till.world.pay(topup.session_id or "")
    event = till.world.event(
        "checkout.session.completed", till.world.get(topup.session_id or ""), payment_intent="pi_nowhere"
    )
    assert till.deliver(event) == 200
    assert refused(event, payer)
    topup.refresh_from_db()
    assert topup.payment_intent is None, "what was refused is not kept as its payment"


def test_fits_a_session_whose_making_was_never_heard_of(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    session = topup.session_id or ""
    lost = TopUp(id=uuid4())
    assert lost.session_id is None
    till.world.pay(session)
    assert till.deliver(till.world.event("checkout.session.completed", till.world.get(session))) == 200
    assert payer.posted == 25_000_000_000
