"""The page of an account: what is available after all that is taken, and what was moved leg by leg."""

from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from billing import ledger
from billing.models import Account, LedgerTransaction, Move
from kernel import clock, money
from tests.billing import rows
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

USD = money.NANO_PER_USD


@pytest.mark.parametrize(
    ("over", "available"), [(-1, "69.000000000"), (0, "69.000000000"), (1, "74.000000000")]
)
def test_what_is_available_leaves_out_all_that_is_taken_and_what_has_lapsed(
    over: int, available: str, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, minute = Workspace.objects.get().pk, clock.minute_number()
    rows.run(
        "UPDATE billing_account SET unbilled = %s, held = %s, overdraft_limit = %s, withheld = %s, lapsing = %s,"
        " lapse_minute = %s WHERE workspace_id = %s",
        *(3 * USD, 20 * USD, 4 * USD, 7 * USD, 5 * USD, minute + over, workspace),
    )
    monkeypatch.setattr(clock, "minute_number", lambda seconds=None: minute)
    # 100 are posted: 3 are settled since, 20 held, 4 may be owed, 7 are out of reach, and 5 end at the minute.
    shown = text(operator, "billing_account_change", workspace)
    assert f'title="${available}"' in shown
    assert f'title="${12 if over <= 0 else 7}.000000000"' in shown
    assert f'title="${available}"' in text(operator, "billing_account_changelist")


def test_a_form_that_was_used_for_something_else_moves_nothing_and_says_so(operator: Client) -> None:
    workspace = Workspace.objects.get().pk
    address = reverse("admin:billing_account_move", args=[workspace])
    asked = {
        "_form_submitted": "on",
        "kind": "grant",
        "usd": "2.5",
        "reason": "a test",
        "token": str(uuid4()),
    }
    operator.post(address, asked)
    answer = operator.post(address, asked | {"usd": "3"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("admin:billing_account_change", args=[workspace])
    assert any("used for another movement" in str(said) for said in get_messages(answer.wsgi_request))
    assert (Move.objects.count(), Account.objects.get().posted) == (1, 102_500_000_000)


def test_a_reversal_offers_no_reversal_of_itself(operator: Client) -> None:
    workspace = Workspace.objects.get().pk
    moved = ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.GRANT,
        amount=USD,
        offset=ledger.System.PROMOTION,
        idem_key="one",
    )
    back = ledger.reverse(workspace_id=workspace, transaction_id=moved, reason="oops", actor="me")
    assert f"/{moved}/reverse" in text(operator, "billing_ledgertransaction_change", moved)
    assert "/reverse" not in text(operator, "billing_ledgertransaction_change", back)
    assert LedgerTransaction.objects.get(pk=back).kind == "reversal"


def test_the_legs_of_a_movement_are_told_to_the_nano(operator: Client) -> None:
    workspace = Workspace.objects.get().pk
    moved = ledger.post(
        workspace_id=workspace, kind=ledger.Kind.GRANT, amount=1_234_567_891, offset=ledger.System.PROMOTION,
        idem_key="one",
    )  # fmt: skip
    shown = text(operator, "billing_ledgertransaction_change", moved).replace("&minus;", "−")
    for digits in ("1.234567891", "−$1.234567891", "101.234567891"):
        assert digits in shown
    # Each figure is written out too, to its last nano, and not only in its title.
    assert shown.count("891</span>") >= 3
