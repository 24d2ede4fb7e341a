"""The page Credit: who sees what, where people are sent, and that nothing there moves money."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from billing.models import TopUp
from billing.payments import recharge_rules
from tests.billing import rows
from tests.billing.payments.till import Till
from tests.billing.test_views import Plain, read

pytestmark = pytest.mark.django_db

PATHS = ("add", "recharge", "card", "portal")


def test_credit_says_that_card_payments_are_not_set_up(till: Till, settings: Settings) -> None:
    payer = till.payer()
    settings.STRIPE_SECRET_KEY = ""
    text = read(payer.client.get("/dashboard/credit"))
    assert "Card payments are not set up." in text
    assert "Auto-recharge" not in text
    for path in PATHS:
        assert payer.client.post(f"/dashboard/credit/{path}", {"amount": "25"}).status_code == 404


def test_credit_sends_a_person_to_stripe_to_pay(till: Till) -> None:
    payer = till.payer()
    answer = payer.client.post("/dashboard/credit/add", {"amount": "25.50"})
    topup = TopUp.objects.get()
    assert (answer.status_code, topup.amount_cents) == (302, 2550)
    assert answer["Location"] == f"{till.stripe.url}/pay/{topup.session_id}"
    asked = till.stripe.made("/v1/checkout/sessions")[0]
    assert asked["success_url"] == f"http://testserver/dashboard/credit/{topup.id}"
    assert asked["cancel_url"] == "http://testserver/dashboard/credit?back=1"


@pytest.mark.parametrize("amount", ["", "4.99", "2000.01", "ten", "5.001", "-5", "NaN", "9" * 40])
def test_credit_says_beside_the_field_what_cannot_be_added(till: Till, amount: str) -> None:
    answer = till.payer().client.post("/dashboard/credit/add", {"amount": amount})
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not TopUp.objects.exists()


def test_credit_says_that_stripe_could_not_be_reached(till: Till) -> None:
    payer = till.payer()
    till.begun(payer)
    till.stripe.fail("500", "500")
    answer = payer.client.post("/dashboard/credit/add", {"amount": "25"})
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.content.decode()
    assert TopUp.objects.latest("created_at").status == "failed", "nobody was led to its page"


def test_credit_lets_an_hour_have_so_many_top_ups_only(till: Till, settings: Settings) -> None:
    settings.TOPUPS_AN_HOUR = 1
    client = till.payer().client
    assert client.post("/dashboard/credit/add", {"amount": "25"}).status_code == 302
    answer = client.post("/dashboard/credit/add", {"amount": "25"})
    assert answer.status_code == 429
    assert "Too many payments" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "may"),
    [("owner", True), ("admin", True), ("billing", True), ("developer", False), ("viewer", False)],
)
def test_credit_is_added_by_those_with_the_right_only(till: Till, role: str, may: bool) -> None:
    payer = till.payer(role)
    answer = payer.client.get("/dashboard/credit")
    assert (answer.status_code, b"Another amount" in answer.content) == ((200, True) if may else (403, False))
    for path in PATHS:
        status = payer.client.post(f"/dashboard/credit/{path}", {"amount": "25"}).status_code
        assert (status != 403) is may


def test_credit_is_asked_for_with_a_token_of_the_page(till: Till) -> None:
    payer = till.payer()
    client = Client(enforce_csrf_checks=True)
    client.force_login(payer.user)
    for path in PATHS:
        assert client.post(f"/dashboard/credit/{path}", {"amount": "25"}).status_code == 403
    assert not TopUp.objects.exists()


def test_landing_moves_no_money_however_often_it_is_looked_at(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    till.world.pay(topup.session_id or "")
    for look in range(5):
        page = payer.client.get(f"/dashboard/credit/{topup.id}?look={look}")
        assert "Waiting for the payment" in read(page)
        assert f"url=?look={look + 1}" in page.content.decode()
    assert payer.posted == 0
    assert till.stripe.calls[-1][1] == "/v1/checkout/sessions", "looking asks nothing of Stripe"


def test_landing_stops_looking_by_itself(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    for look in ("40", "9999", "x", "-1"):
        page = payer.client.get(f"/dashboard/credit/{topup.id}?look={look}").content.decode()
        assert "http-equiv" not in page


def test_landing_tells_what_became_of_a_payment(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    page = payer.client.get(f"/dashboard/credit/{topup.id}")
    assert "$25.00 is on your balance." in read(page)
    assert "http-equiv" not in page.content.decode()
    till.deliver(till.world.refund(topup.payment_intent or "", 700))
    assert "$7.00 of it was refunded." in read(payer.client.get(f"/dashboard/credit/{topup.id}"))
    lines = read(payer.client.get("/dashboard/credit"))
    assert "Paid $7.00 refunded $25.00" in lines


def test_landing_of_another_workspace_is_not_there(till: Till) -> None:
    payer, topup = till.payer(), till.begun(till.payer())
    answers = [payer.client.get(f"/dashboard/credit/{name}") for name in (topup.id, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_landing_is_for_those_who_pay(till: Till) -> None:
    viewer = till.payer("viewer")
    answers = [viewer.client.get(f"/dashboard/credit/{name}") for name in (till.begun(viewer).id, uuid4())]
    assert [answer.status_code for answer in answers] == [403, 403]


def test_credit_turns_auto_recharge_on_and_off(till: Till) -> None:
    payer = till.payer()
    answer = payer.client.post("/dashboard/credit/card")
    page = till.world.all("cs", mode="setup")[0]
    assert answer["Location"] == f"{till.stripe.url}/pay/{page['id']}"
    till.deliver(till.world.save_card(page["id"]))
    assert "Visa ending in 4242" in read(payer.client.get("/dashboard/credit"))
    asked = {"threshold": "5", "amount": "20", "ceiling": "100", "enabled": "yes"}
    on = payer.client.post("/dashboard/credit/recharge", asked, follow=True)
    assert "Auto-recharge is on." in read(on)
    assert "$0.00 of $100.00 charged this month" in read(on)
    assert 'value="20.00"' in on.content.decode()
    off = payer.client.post("/dashboard/credit/recharge", asked | {"enabled": "no"}, follow=True)
    assert "Auto-recharge is off." in read(off)


def test_credit_says_beside_the_field_which_rule_cannot_be_meant(till: Till) -> None:
    payer = till.payer()
    recharge_rules.save_card(
        payer.workspace.pk,
        payment_method="pm_1",
        shown="visa 4242",
        customer="cus_1",
        livemode=False,
        at=payer.workspace.created_at,
    )
    asked = {"threshold": "5", "amount": "20", "ceiling": "19", "enabled": "yes"}
    answer = payer.client.post("/dashboard/credit/recharge", asked)
    assert answer.status_code == 400
    field = re.search(r'<input[^>]*name="ceiling"[^>]*>', answer.content.decode())
    assert field is not None
    assert 'aria-invalid="true"' in field[0]


def test_credit_sends_a_person_to_their_payments_at_stripe(till: Till) -> None:
    answer = till.payer().client.post("/dashboard/credit/portal")
    assert answer["Location"].startswith(f"{till.stripe.url}/portal/")


def test_credit_lets_its_forms_lead_to_stripe_and_nowhere_else(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer)
    allowed = "form-action 'self' https://checkout.stripe.com https://billing.stripe.com"
    assert allowed in payer.client.get("/dashboard/credit")["Content-Security-Policy"]
    other = payer.client.get(f"/dashboard/credit/{topup.id}")["Content-Security-Policy"]
    assert "form-action 'self'" in other
    assert "stripe" not in other


def test_credit_needs_nothing_that_a_strict_policy_refuses(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer)
    rows.fund(payer.workspace.pk, 5)
    for path in ("/dashboard/credit", f"/dashboard/credit/{topup.id}"):
        page = Plain()
        page.feed(payer.client.get(path).content.decode())
        assert page.refused == []


def test_credit_never_shows_the_payments_of_another_workspace(till: Till) -> None:
    payer, rival = till.payer(), till.payer()
    till.paid(rival, 77_700)
    assert "777" not in payer.client.get("/dashboard/credit").content.decode()
