"""The operator's pages of credit: what came in, where it stands, and the way to the movement that brought it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from billing.models import CreditLot, Purse
from tests.operator.reading import column, plain, text

pytestmark = pytest.mark.django_db


def test_a_lot_shows_what_is_left_of_it_and_leads_to_its_movement(operator: Client) -> None:
    asked = {"_form_submitted": "on", "kind": "grant", "usd": "2.5", "reason": "r", "token": "0" * 32}
    operator.post(reverse("admin:billing_account_move", args=[Workspace.objects.get().pk]), asked)
    lot = CreditLot.objects.get(source="grant", amount=25 * 10**8)
    shown = text(operator, "billing_creditlot_change", lot.pk)
    way = reverse("admin:billing_ledgertransaction_change", args=[lot.transaction_id])
    assert f'<a class="ref" href="{way}">posted</a>' in shown
    assert "Left $2.500000000" in plain(shown)


def test_a_purse_without_a_ceiling_says_so() -> None:
    assert column(Purse(spill_ceiling=None), "n_ceiling") == "none"
    assert column(Purse(spill_ceiling=12_500_000_001), "n_ceiling") == "$12.500000001"
