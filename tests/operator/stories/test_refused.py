"""A customer is refused for want of credit: told why on both sides, credited by an operator, and let in again."""

import pytest

from billing.models import LedgerTransaction, Refusal
from tests.fakes import cast
from tests.fakes.caller import Heard
from tests.operator.stories.clerk import Clerk
from tests.operator.stories.place import Place, apart, customers_session

pytestmark = pytest.mark.browser

CODE = "INSUFFICIENT_CREDITS"


def test_a_refusal_is_found_explained_and_made_good(clerk: Clerk, place: Place) -> None:
    customer = apart(lambda: cast.customer(credit_usd="0"))
    model = apart(lambda: cast.model((place.sandbox, "words")))
    place.gateway.knows(customer.secret, model)
    request = refused(place, customer, model)

    find_out_why(clerk, request, model)
    dashboard = clerk.visitor(apart(lambda: customers_session(customer.workspace)))
    dashboard.goto(f"{place.address}/dashboard/logs/{request}")
    assert CODE in dashboard.locator("main").inner_text()

    credit(clerk, customer.workspace.slug)
    assert apart(customer.account)["posted"] == 5 * 10**9
    made = apart(lambda: LedgerTransaction.objects.get(workspace_id=customer.workspace.pk))
    assert (made.kind, made.reason) == ("grant", "the welcome that was forgotten")
    dashboard.goto(f"{place.address}/dashboard/")
    assert "$5.00" in dashboard.locator("main").inner_text()
    place.gateway.eventually(lambda: asked(place, customer, model).status == 200, within=10)


def asked(place: Place, customer: cast.Customer, model: str) -> Heard:
    return place.gateway.chat(customer.secret, model, max_tokens=20)


def refused(place: Place, customer: cast.Customer, model: str) -> str:
    """Ask without credit, wait until the refusal is written, which is once a second, and return the request's id."""
    heard = asked(place, customer, model)
    assert (heard.status, heard.headers["x-error-code"]) == (402, CODE)
    request = heard.headers["x-request-id"]
    written = Refusal.objects.filter(pk=request)
    place.gateway.eventually(lambda: apart(written.exists), within=10)
    return request


def find_out_why(clerk: Clerk, request: str, model: str) -> None:
    clerk.go("Requests", "Refused")
    clerk.look_for(request)
    clerk.lists(CODE, model)
    clerk.open_first()
    clerk.hears("credit")


def credit(clerk: Clerk, slug: str) -> None:
    clerk.go("Workspaces")
    clerk.look_for(slug)
    clerk.open_first()
    clerk.hears(CODE)
    clerk.answer("Move money", Kind="grant", Amount_in_USD="5", Reason="the welcome that was forgotten")
    clerk.hears("Posted.")
