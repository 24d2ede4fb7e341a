"""What operators do with money: move it once, in their own name, and take it back once."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from billing import ledger
from billing.models import Account, LedgerTransaction, Move
from config import demo_people
from tests.billing import rows

pytestmark = pytest.mark.django_db


def _move(**asked: str) -> dict[str, str]:
    return {
        "_form_submitted": "on",
        "kind": "grant",
        "usd": "2.5",
        "reason": "a test",
        "token": str(uuid4()),
        **asked,
    }


def test_money_is_moved_once_by_two_clicks_in_the_operators_name(operator: Client) -> None:
    workspace, asked = Workspace.objects.get(), _move()
    address = reverse("admin:billing_account_move", args=[workspace.pk])
    for _ in range(2):
        assert operator.post(address, asked).status_code == 302
    assert Account.objects.get().posted == 102_500_000_000
    moved = LedgerTransaction.objects.get(reason="a test")
    assert (moved.kind, moved.actor) == ("grant", demo_people.OPERATOR)


@pytest.mark.parametrize(
    "asked",
    [{"usd": "-1"}, {"usd": "0"}, {"usd": "ten"}, {"usd": "1000001"}, {"reason": ""}, {"kind": "usage"}],
    ids=str,
)
def test_a_movement_that_cannot_be_is_refused(operator: Client, asked: dict[str, str]) -> None:
    address = reverse("admin:billing_account_move", args=[Workspace.objects.get().pk])
    assert operator.post(address, _move(**asked)).status_code == 200
    assert Account.objects.get().posted == 100_000_000_000


def test_an_adjustment_takes_and_a_reversal_gives_back_once(operator: Client) -> None:
    workspace = Workspace.objects.get()
    operator.post(
        reverse("admin:billing_account_move", args=[workspace.pk]), _move(kind="adjustment", usd="-3")
    )
    assert Account.objects.get().posted == 97_000_000_000
    moved = LedgerTransaction.objects.get(kind="adjustment")
    for _ in range(2):
        operator.post(
            reverse("admin:billing_ledgertransaction_undo", args=[moved.pk]),
            {"_form_submitted": "on", "reason": "oops"},
        )
    assert Account.objects.get().posted == 100_000_000_000
    assert [entry.amount for entry in ledger.entries(workspace.pk)] == [3 * 10**9, -3 * 10**9, 100 * 10**9]


def test_a_dialog_of_the_theme_is_led_on_by_a_header(operator: Client) -> None:
    address = reverse("admin:billing_account_move", args=[Workspace.objects.get().pk])
    answer = operator.post(address, _move(), headers={"HX-Request": "true"})
    made = LedgerTransaction.objects.get(reason="a test")
    assert answer.headers["HX-Redirect"] == reverse("admin:billing_ledgertransaction_change", args=[made.pk])


def test_a_large_movement_is_posted_by_somebody_else(operator: Client) -> None:
    workspace = Workspace.objects.get()
    operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move(usd="5000"))
    move = Move.objects.get()
    decided = {"_form_submitted": "on", "words": "agreed"}
    assert operator.get(reverse("admin:billing_move_change", args=[move.pk])).status_code == 200
    operator.post(reverse("admin:billing_move_approve", args=[move.pk]), decided)
    assert Account.objects.get().posted == 100_000_000_000
    second = User.objects.create_superuser("second@example.com", "a-long-password-of-hers")
    operator.force_login(second)
    operator.post(reverse("admin:billing_move_approve", args=[move.pk]), decided)
    assert Account.objects.get().posted == 5_100_000_000_000
    moved = LedgerTransaction.objects.get(reason="a test")
    assert moved.actor == f"{demo_people.OPERATOR}, second@example.com"


def test_a_large_movement_can_be_declined(operator: Client) -> None:
    workspace = Workspace.objects.get()
    operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move(usd="5000"))
    move = Move.objects.get()
    operator.post(
        reverse("admin:billing_move_decline", args=[move.pk]), {"_form_submitted": "on", "words": "no"}
    )
    move.refresh_from_db()
    assert (move.status, move.decision, Account.objects.get().posted) == ("declined", "no", 100_000_000_000)


def test_what_a_request_cost_is_given_back_from_its_page(operator: Client) -> None:
    workspace = Workspace.objects.get()
    event = rows.settle(workspace.pk, cost=3_000_000)
    address = reverse("admin:billing_usageevent_credit", args=[event])
    asked = {"_form_submitted": "on", "usd": "0.002", "reason": "it was cut", "token": str(uuid4())}
    for token in (asked["token"], asked["token"], str(uuid4())):
        operator.post(address, {**asked, "token": token})
    assert Account.objects.get().posted == 100_002_000_000
    (move,) = Move.objects.all()
    assert (move.kind, move.request_id, move.amount) == ("credit", event, 2_000_000)
