"""The operator's receipt of a request: what its customer is told, over all revisions."""

import pytest

from billing.admin_receipt import receipt_of
from billing.models import UsageEvent
from catalog.models import Multiplier
from catalog.pricing import Factor, factors_text
from kernel import clock
from tests.billing import rows
from tests.operator.reading import plain

pytestmark = pytest.mark.django_db


def shown(workspace: int, **columns: object) -> str:
    model, version = rows.price(input=2_000_000, output=8_000_000)
    request = rows.settle(workspace, **{"model_id": model, "price_version_id": version, **columns})  # type: ignore[arg-type]
    return str(receipt_of(UsageEvent.objects.get(pk=request)))


def test_shows_rates_factors_and_one_rounding() -> None:
    factor = Multiplier.objects.create(
        scope="plan", target="lite", factor_ppm=1_234_567, valid_from=clock.now(), reason="test"
    )
    told = shown(
        rows.workspace(), cost=56_790, input_tokens=3, output_tokens=5,
        multipliers=factors_text([Factor(factor.pk, factor.factor_ppm)]),
    )  # fmt: skip
    for figure in ("× 2<", "× 8<", "0.000046000000", "plan lite 1.234567", "0.000056790082"):
        assert figure in told
    assert "input 3 × 2" in plain(told)
    assert "Charge $0.000056790 from" in plain(told)
    assert "note" not in told


def test_shows_a_corrected_request_as_one() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=2_000_000, output=8_000_000)
    pinned = {"model_id": model, "price_version_id": version}
    request = rows.settle(workspace, cost=16_000, output_tokens=2, status="reaped", **pinned)
    rows.settle(workspace, request_id=request, rev=1, cost=24_000, output_tokens=3, **pinned)
    for event in UsageEvent.objects.filter(request_id=request):
        told = str(receipt_of(event))
        assert "0.000040000000" in told
        assert "The sum of all revisions" in told


def test_says_where_the_charge_is_not_what_the_parts_make() -> None:
    assert "differs" in shown(rows.workspace(), cost=1, output_tokens=2)
    assert "No output, no charge." in shown(rows.workspace(), cost=0, input_tokens=2)


def test_shows_nothing_where_the_price_is_gone() -> None:
    assert shown(rows.workspace(), price_version_id=424242, model_id=424242) == "—"
