"""What the operator's pages of customers' alerts say of a row: what it watches, whether it is on, where a message goes."""

import pytest
from django.test import Client

from accounts.models import User, Workspace
from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint, CustomerFiring
from kernel import clock
from tests.operator.reading import column, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", [CustomerAlert, CustomerEndpoint])
def test_what_is_off_or_was_taken_away_is_told(kind: type[CustomerAlert | CustomerEndpoint]) -> None:
    rows = [kind(active=True), kind(active=False), kind(active=True, removed_at=clock.now())]
    assert [column(row, "state") for row in rows] == ["on", "off", "taken away"]


def test_a_message_says_what_it_is_of_and_where_it_goes() -> None:
    told = CustomerDelivery(
        firing=CustomerFiring(title="Below $5"), endpoint=CustomerEndpoint(address="https://a.example/x")
    )
    assert (column(told, "about"), column(told, "goes_to")) == ("Below $5", "a.example")
    test = CustomerDelivery()
    assert (column(test, "about"), column(test, "goes_to")) == ("a test", "e-mail")


def test_an_alert_is_called_as_its_customer_reads_it(operator: Client) -> None:
    made = CustomerAlert.objects.create(
        workspace=Workspace.objects.get(),
        kind="balance",
        amount=5 * 10**9,
        created_by=User.objects.earliest("pk"),
    )
    assert column(made, "words") in text(operator, "billing_customeralert_changelist")
