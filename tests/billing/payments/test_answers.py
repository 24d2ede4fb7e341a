"""What Stripe answers, read into values of our own, at its edges."""

from typing import Any

import pytest
from stripe import Dispute, PaymentIntent, SetupIntent

from billing.payments import answers, wire


def dispute(*moved: tuple[int, str]) -> Dispute:
    steps = [{"amount": amount, "currency": currency} for amount, currency in moved]
    values = {"id": "dp_1", "amount": 2500, "currency": "usd", "reason": "fraudulent", "status": "lost"}
    more = {"evidence_details": {"due_by": None}, "created": 1, "balance_transactions": steps}
    return Dispute.construct_from(values | more, "sk_test")


@pytest.mark.parametrize(
    ("moved", "taken"),
    [
        ([], 0),
        ([(-2500, "usd")], 2500),
        ([(-2500, "usd"), (2500, "usd")], 0),
        ([(-2500, "usd"), (1000, "usd")], 1500),
        ([(-4000, "usd")], 2500),
        ([(500, "usd")], 0),
        ([(-2310, "eur")], 2500),
        ([(-2310, "eur"), (2310, "eur")], 0),
    ],
)
def test_answers_about_a_dispute_say_what_has_left_us_and_not_come_back(
    moved: list[tuple[int, str]], taken: int
) -> None:
    assert answers.contested(dispute(*moved)).taken == taken


def setup(**values: Any) -> SetupIntent:
    card = {"id": "pm_1", "type": "card", "card": {"brand": "american_express", "last4": "0005"}}
    whole = {"id": "seti_1", "status": "succeeded", "customer": "cus_1", "metadata": None}
    return SetupIntent.construct_from({**whole, "payment_method": card, **values}, "sk_test")


def test_answers_about_a_setup_name_its_card() -> None:
    card = answers.SavedCard("pm_1", "American Express ending in 0005", "cus_1", {})
    assert answers.saved_card(setup()) == card


@pytest.mark.parametrize(
    "values", [{"status": "requires_action"}, {"payment_method": None}, {"payment_method": "pm_1"}]
)
def test_answers_about_a_setup_without_a_card_are_unusable(values: dict[str, Any]) -> None:
    with pytest.raises(wire.Unusable, match="setup seti_1 saved no card"):
        answers.saved_card(setup(**values))


def intent(**values: Any) -> PaymentIntent:
    whole = {"id": "pi_1", "status": "succeeded", "amount": 2500, "amount_received": 2500, "currency": "usd"}
    more = {"livemode": False, "latest_charge": None, "last_payment_error": None, "metadata": None}
    return PaymentIntent.construct_from({**whole, **more, "customer": None, **values}, "sk_test")


def test_answers_about_a_payment_tell_of_refunds_only_with_its_charge() -> None:
    bare = answers.payment(intent(latest_charge="ch_1"))
    assert (bare.refunded, bare.disputed, bare.customer, bare.metadata) == (0, False, "", {})
    charge = {"id": "ch_1", "amount_refunded": 700, "disputed": True}
    whole = answers.payment(intent(latest_charge=charge, customer={"id": "cus_1"}, metadata={"topup": "t"}))
    assert (whole.refunded, whole.disputed, whole.customer) == (700, True, "cus_1")
    assert whole.metadata == {"topup": "t"}


def test_answers_about_a_payment_say_why_it_was_declined() -> None:
    for error, word in (
        ({"code": "card_declined", "type": "card_error"}, "card_declined"),
        ({"type": "api_error"}, "api_error"),
    ):
        assert answers.payment(intent(last_payment_error={"code": None, **error})).decline == word
    assert answers.payment(intent()).decline == ""
