"""What operators do with money: move it once, in their own name, and take it back once."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import TrailRow, User, Workspace
from billing import ledger
from billing.admin import _available
from billing.models import Account, LedgerTransaction, Move
from config import demo_people
from kernel import clock
from tests.billing import rows
from tests.operator.reading import plain, said, text

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
        answer = operator.post(address, asked)
        assert answer.status_code == 302
        assert said(answer) == "Posted."
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
    undo = reverse("admin:billing_ledgertransaction_undo", args=[moved.pk])
    shown = text(operator, "billing_ledgertransaction_change", moved.pk)
    assert "workspace −$3.000000000 $97.000000000" in plain(shown)
    assert undo in shown
    for _ in range(2):
        operator.post(undo, {"_form_submitted": "on", "reason": "oops"})
    made = LedgerTransaction.objects.get(kind="reversal")
    assert "/reverse/" not in text(operator, "billing_ledgertransaction_change", made.pk)
    assert Account.objects.get().posted == 100_000_000_000
    assert [entry.amount for entry in ledger.entries(workspace.pk)] == [3 * 10**9, -3 * 10**9, 100 * 10**9]


def test_a_dialog_of_the_theme_is_led_on_by_a_header(operator: Client) -> None:
    address = reverse("admin:billing_account_move", args=[Workspace.objects.get().pk])
    answer = operator.post(address, _move(), headers={"HX-Request": "true"})
    made = LedgerTransaction.objects.get(reason="a test")
    assert answer.headers["HX-Redirect"] == reverse("admin:billing_ledgertransaction_change", args=[made.pk])


def test_a_large_movement_is_posted_by_somebody_else(operator: Client) -> None:
    workspace = Workspace.objects.get()
    answer = operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move(usd="5000"))
    assert said(answer) == "Kept. Somebody else must post it, because of its size."
    move = Move.objects.get()
    decided = {"_form_submitted": "on", "words": "agreed"}
    approve = reverse("admin:billing_move_approve", args=[move.pk])
    assert approve in text(operator, "billing_move_change", move.pk)
    assert said(operator.post(approve, decided)) == "Somebody else must post what you asked for."
    assert Account.objects.get().posted == 100_000_000_000
    second = User.objects.create_superuser("second@example.com", "a-long-password-of-hers")
    operator.force_login(second)
    operator.post(approve, decided)
    assert approve not in text(operator, "billing_move_change", move.pk)
    assert Account.objects.get().posted == 5_100_000_000_000
    moved = LedgerTransaction.objects.get(reason="a test")
    assert moved.actor == f"{demo_people.OPERATOR}, second@example.com"


def test_a_large_movement_can_be_declined(operator: Client) -> None:
    workspace = Workspace.objects.get()
    operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move(usd="5000"))
    move = Move.objects.get()
    for told in ("Declined.", "This is Declined already."):
        answer = operator.post(
            reverse("admin:billing_move_decline", args=[move.pk]), {"_form_submitted": "on", "words": "no"}
        )
        assert said(answer) == told
    assert TrailRow.objects.filter(said="Declined: no").count() == 1
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
    assert TrailRow.objects.filter(said=f"Asked for credit {move.pk}: it was cut").exists()


def test_what_can_be_spent_is_without_what_is_held_withheld_and_has_just_ended() -> None:
    account = Account(
        posted=100, unbilled=10, held=20, overdraft_limit=7, withheld=4, lapsing=2, lapse_minute=2**40
    )
    assert _available(account) == 73
    account.lapse_minute = clock.minute_number()
    assert _available(account) == 71
