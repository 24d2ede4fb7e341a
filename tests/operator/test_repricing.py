"""What operators do with re-pricings: measure, save, and have another apply them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import TrailRow, User
from billing import admin_reprice_forms
from billing.models import LedgerTransaction, Reprice
from catalog.models import Multiplier
from catalog.pricing import Counts
from tests.billing import rows
from tests.billing.repricing.sold import BEGINS, ENDS, flat, model, sell, version
from tests.operator.reading import column, text

pytestmark = pytest.mark.django_db

ADD = "admin:billing_reprice_add"


@pytest.fixture
def asked() -> dict[str, Any]:
    """What the form posts to give a workspace back 10 USD of 12."""
    of, dear = model(flat(input=1_200_000_000))
    right = version(of, flat(input=200_000_000))
    sell(rows.workspace(), of, dear, Counts(input=10_000))
    return {
        "sold": [str(of)],
        "begins_at": f"{BEGINS:%Y-%m-%dT%H:%M}",
        "ends_at": f"{ENDS:%Y-%m-%dT%H:%M}",
        "price_version": str(right.version_id),
        "multiplier": "",
        "factor": "",
        "reason": "The price was wrong",
    }


def apply(client: Client, row: Reprice, **how: str) -> str:
    address = reverse("admin:billing_reprice_apply", args=[row.pk])
    answer = client.post(address, {"_form_submitted": "on", **how}, follow=True)
    row.refresh_from_db()
    return answer.content.decode()


def test_measuring_shows_the_figures_and_writes_nothing(operator: Client, asked: dict[str, Any]) -> None:
    answer = operator.post(reverse(ADD), asked | {"_measure": "1"})
    told = answer.content.decode()
    assert answer.status_code == 200
    assert "1 requests of 1 workspaces, of which 1 would cost something else." in " ".join(told.split())
    assert 'title="$10.000000000"' in told
    assert "Nothing is written yet." in told
    assert "The price was wrong" in told, "what was filled in stays"
    assert "further workspaces" not in told
    assert f'<option value="{asked["sold"][0]}" selected>' in told
    assert not Reprice.objects.exists()


def test_a_draft_is_saved_and_applied_once(operator: Client, asked: dict[str, Any]) -> None:
    assert operator.post(reverse(ADD), asked).status_code == 302
    row = Reprice.objects.get()
    assert (row.state, row.lowered, row.reason) == ("draft", 10 * 10**9, "The price was wrong")
    assert "As it was measured" in text(operator, "billing_reprice_change", row.pk)
    assert "Charge customers more" not in text(operator, "billing_reprice_apply", row.pk)
    assert "Applied." in apply(operator, row)
    assert row.state == "applied"
    (made,) = LedgerTransaction.objects.filter(kind="adjustment")
    assert made.reason.endswith(": The price was wrong")
    shown = text(operator, "billing_reprice_change", row.pk)
    assert reverse("admin:billing_ledgertransaction_change", args=[made.pk]) in shown
    assert "applied already" in apply(operator, row)
    assert LedgerTransaction.objects.filter(kind="adjustment").count() == 1
    (said,) = TrailRow.objects.filter(said__startswith="Applied: ").values_list("said", flat=True)
    assert "10000000000 given back. The price was wrong" in said


def test_a_large_one_is_applied_by_somebody_else(
    operator: Client, asked: dict[str, Any], settings: Settings
) -> None:
    settings.REPRICE_TWO_PERSONS_NANO = 9 * 10**9
    operator.post(reverse(ADD), asked)
    row = Reprice.objects.get()
    assert "somebody else must apply it" in apply(operator, row)
    assert row.state == "draft"
    other = Client()
    other.force_login(User.objects.create_superuser(email="second@example.com", password=None))
    assert "Applied." in apply(other, row)
    assert row.applied_by != row.created_by


def test_one_that_charges_more_needs_the_tick(operator: Client, asked: dict[str, Any]) -> None:
    of, cheap = model(flat(input=1_000_000))
    right = version(of, flat(input=3_000_000))
    sell(rows.workspace(), of, cheap, Counts(input=10_000))
    operator.post(reverse(ADD), asked | {"sold": [str(of)], "price_version": str(right.version_id)})
    row = Reprice.objects.get()
    assert "Charge customers more" in text(operator, "billing_reprice_apply", row.pk)
    assert "confirm that they are charged more" in apply(operator, row)
    assert "Applied." in apply(operator, row, charge_more="on")
    assert row.charges_more


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sold": []}, "This field is required."),
        ({"reason": ""}, "This field is required."),
        ({"price_version": ""}, "Choose the price version or the multiplier that should have been."),
        ({"ends_at": f"{BEGINS + timedelta(days=32):%Y-%m-%dT%H:%M}"}, "at most 31 days on"),
        ({"price_version": "1"}, "choose that model alone"),
        ({"price_version": "", "multiplier": "platform", "factor": "1"}, "The multiplier is that already."),
    ],
)
def test_what_cannot_be_measured_is_told_beside_its_field(
    operator: Client, asked: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    if changes.get("price_version") == "1":
        changes = {"price_version": str(model(flat(input=1))[1].version_id)}
    if "multiplier" in changes:
        changes = changes | {"multiplier": str(Multiplier.objects.get(scope="platform").pk)}
    for measured in ({}, {"_measure": "1"}):
        answer = operator.post(reverse(ADD), asked | changes | measured)
        assert answer.status_code == 200
        assert said in answer.content.decode()
    assert not Reprice.objects.exists()


def test_what_moves_no_money_is_shown_and_not_saved(operator: Client, asked: dict[str, Any]) -> None:
    same = version(int(asked["sold"][0]), flat(input=1_200_000_000))
    asked["price_version"] = str(same.version_id)
    measured = operator.post(reverse(ADD), asked | {"_measure": "1"}).content.decode()
    assert "No money would move." in measured
    saved = operator.post(reverse(ADD), asked).content.decode()
    assert "This moves no money: every request cost what it should have." in saved
    assert not Reprice.objects.exists()


def test_a_span_that_takes_too_long_to_measure_is_told(
    operator: Client, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(terms: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(admin_reprice_forms, "measure", fail)
    assert "choose a shorter span" in operator.post(reverse(ADD), asked).content.decode()


def test_a_draft_says_what_should_have_been_instead() -> None:
    made = Reprice(price_version_id=3, multiplier_id=2, multiplier_ppm=900_000)
    assert column(made, "instead") == "price version 3, multiplier 2 as 0.9"
    assert column(Reprice(price_version_id=3), "instead") == "price version 3"


def test_a_draft_is_discarded(operator: Client, asked: dict[str, Any]) -> None:
    operator.post(reverse(ADD), asked)
    row = Reprice.objects.get()
    address = reverse("admin:billing_reprice_discard", args=[row.pk])
    operator.post(address, {"_form_submitted": "on", "why": "wrong span"})
    row.refresh_from_db()
    assert row.state == "discarded"
    assert "wrong span" in text(operator, "accounts_trailrow_changelist")
