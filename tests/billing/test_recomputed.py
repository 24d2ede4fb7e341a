"""Costs worked out a second way: what a price makes, and nothing else, passes."""

import datetime

import hypothesis
import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from billing import recomputed, sums
from catalog import pricing
from catalog.models import Model, Rate
from tests.billing import rows

DAY = datetime.date(2026, 11, 21)
MINUTE = (DAY - datetime.date(1970, 1, 1)).days * 1440


def doubts(workspace: int) -> list[int]:
    """Return the costs that SQL by itself does not find right."""
    with pytest.MonkeyPatch.context() as patched, connection.cursor() as cursor:
        doubted: list[int] = []
        patched.setattr(recomputed, "_judge", lambda request, _: doubted.append(request.cost))
        recomputed.check(cursor, workspace_id=workspace)
    return sorted(doubted)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"input_tokens": 10, "output_tokens": 1, "cost": 12}, "13"),
        ({"input_tokens": 10, "output_tokens": 1, "cost": 0}, "13"),
        ({"input_tokens": 10, "output_tokens": 1, "cost": 13, "multipliers": "7:2000000"}, "26"),
        ({"cached_tokens": 10, "output_tokens": 1, "cost": 3}, "no rate for cached"),
        ({"cost": 5, "price_version_id": 0}, "price version 0 × ''"),
        ({"cost": 5, "multipliers": "x"}, "price version {} × 'x'"),
    ],
)
def test_a_cost_that_its_price_does_not_make_is_found(event: dict[str, object], expected: str) -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=1000, output=3000)
    pinned: dict[str, object] = {"model_id": model, "price_version_id": version, "minute_no": MINUTE}
    request = rows.settle(workspace, **(pinned | event))  # type: ignore[arg-type]
    assert rows.findings(workspace) == {
        "Cost": [(DAY, f"request {request}", expected.format(version), str(event["cost"]))]
    }


@pytest.mark.django_db
def test_long_prompts_have_their_own_rates() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=1000, output=3000, request=5000)
    for minimum, amount in ((100, 2000), (200, 4000)):
        Rate.objects.create(
            price_version_id=version,
            token_class="input",
            min_prompt_tokens=minimum,
            micro_usd_per_million=amount,
        )
    pinned = {"model_id": model, "price_version_id": version, "output_tokens": 1}
    costs = {0: 8, 1: 9, 100: 108, 101: 210, 200: 408, 201: 812}
    for prompt, cost in costs.items():
        rows.settle(workspace, cost=cost, input_tokens=prompt, **pinned)
    assert rows.findings(workspace) == {}
    rows.settle(workspace, cost=costs[100], input_tokens=101, **pinned)
    rows.settle(workspace, cost=costs[101], input_tokens=100, **pinned)
    found = [row[2:] for row in rows.findings(workspace)["Cost"]]
    assert sorted(found) == [("108", "210"), ("210", "108")]


@pytest.mark.django_db
def test_every_length_of_a_prompt_may_have_a_rate_of_its_own() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=1000)
    for minimum in (1, 2):
        Rate.objects.create(
            price_version_id=version,
            token_class="input",
            min_prompt_tokens=minimum,
            micro_usd_per_million=1000 * (minimum + 1),
        )
    for prompt, cost in ((1, 1), (2, 4), (3, 9)):
        rows.settle(workspace, cost=cost, input_tokens=prompt, model_id=model, price_version_id=version)
    assert doubts(workspace) == []


@pytest.mark.django_db
def test_all_that_is_wrong_is_counted_and_some_of_it_told(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, other = rows.workspace(), rows.workspace()
    model, version = rows.price(output=1000)
    pinned = {"model_id": model, "price_version_id": version, "output_tokens": 1}
    for cost in (1, 2, 3, 4):
        request = rows.settle(workspace, cost=cost, **pinned)
    rows.settle(workspace, request_id=request, rev=1, cost=0, **(pinned | {"output_tokens": 0}))
    rows.settle(other, cost=1, **pinned)
    monkeypatch.setattr(recomputed, "FINDINGS_SHOWN", 2)
    with connection.cursor() as cursor:
        outcome = recomputed.check(cursor, workspace_id=workspace)
    assert (outcome.compared, outcome.broken, len(outcome.findings)) == (4, 3, 2)


@pytest.mark.django_db
@given(
    counts=st.lists(st.integers(0, 2**24), min_size=12, max_size=12),
    rates=st.lists(st.integers(0, 10**9), min_size=12, max_size=12),
    factors=st.lists(st.integers(0, 5_000_000), max_size=3),
)
@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sql_and_python_reckon_alike(counts: list[int], rates: list[int], factors: list[int]) -> None:
    card = pricing.RateCard(1, {n: ((0, r),) for n, r in zip(pricing.CLASSES, rates, strict=True)})
    chain = [pricing.Factor(id=n, ppm=ppm) for n, ppm in enumerate(factors)]
    cost = pricing.cost(card, pricing.Counts(*counts), chain)
    workspace = rows.workspace()
    model, version = rows.price(**dict(zip(pricing.CLASSES, rates, strict=True)))
    rows.settle(
        workspace,
        cost=cost,
        model_id=model,
        price_version_id=version,
        multipliers=pricing.factors_text(chain),
        **dict(zip(sums.COUNTS, counts, strict=True)),
    )
    assert doubts(workspace) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", pricing.CLASSES)
def test_one_unit_of_a_class_is_doubted_at_any_cost_but_its_own(name: str) -> None:
    workspace = rows.workspace()
    rates = {each: 1000 * 2**place for place, each in enumerate(pricing.CLASSES)}
    model, version = rows.price(**rates, request=7000)
    Model.objects.filter(pk=model).update(capability="embedding")
    nano = rates[name] // 1000 + 7
    column = dict(zip(pricing.CLASSES, sums.COUNTS, strict=True))[name]
    for cost in (0, nano - 1, nano, nano + 1):
        rows.settle(workspace, cost=cost, model_id=model, price_version_id=version, **{column: 1})
    assert doubts(workspace) == [0, nano - 1, nano + 1]


@pytest.mark.django_db
@pytest.mark.parametrize(("rate", "cost"), [(499, 0), (500, 1), (1499, 1), (1500, 2)])
def test_sql_rounds_a_half_up_and_less_down(rate: int, cost: int) -> None:
    workspace = rows.workspace()
    model, version = rows.price(output=rate)
    rows.settle(workspace, cost=cost, model_id=model, price_version_id=version, output_tokens=1)
    assert doubts(workspace) == []


@pytest.mark.django_db
def test_a_corrected_request_has_the_factors_of_its_last_correction() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=1000, output=1000)
    pinned = {"model_id": model, "price_version_id": version}
    request = rows.settle(workspace, cost=1, output_tokens=1, multipliers="1:1000000", **pinned)
    for revision, factor in ((1, 2), (2, 3)):
        rows.settle(
            workspace, request_id=request, rev=revision, cost=1, multipliers=f"1:{factor}000000", **pinned
        )
    assert rows.findings(workspace) == {}
    rows.settle(workspace, request_id=request, rev=3, cost=1, multipliers="1:1000000", **pinned)
    assert [row[2:] for row in rows.findings(workspace)["Cost"]] == [("1", "4")]


@pytest.mark.django_db
def test_a_corrected_request_has_the_price_that_its_last_correction_names() -> None:
    workspace = rows.workspace()
    versions = [rows.price(output=1000 * nano)[1] for nano in (1, 2, 3)]
    request = rows.settle(workspace, cost=1, output_tokens=1, price_version_id=versions[0])
    for revision in (1, 2):
        rows.settle(workspace, request_id=request, rev=revision, cost=1, price_version_id=versions[revision])
    assert rows.findings(workspace) == {}


@pytest.mark.django_db
def test_a_corrected_request_is_priced_as_a_whole() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=500, output=500)
    pinned = {"model_id": model, "price_version_id": version}
    request = rows.settle(
        workspace, cost=2, input_tokens=1, output_tokens=2, status="reaped", **pinned
    )  # 1.5
    rows.settle(workspace, request_id=request, rev=1, cost=1, output_tokens=3, **pinned)  # 3, not 2 + 2
    assert rows.findings(workspace) == {}


@pytest.mark.django_db
def test_only_answers_with_nothing_in_them_may_be_free() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=1000, output=1000)
    pinned = {"model_id": model, "price_version_id": version, "input_tokens": 9}
    rows.settle(workspace, **pinned)
    assert rows.findings(workspace) == {}
    Model.objects.filter(pk=model).update(capability="embedding")
    assert [row[2:] for row in rows.findings(workspace)["Cost"]] == [("9", "0")]
    rows.settle(workspace, status="failed", **pinned)
    assert len(rows.findings(workspace)["Cost"]) == 1


@pytest.mark.django_db
def test_requests_of_models_that_are_gone_are_looked_at_too() -> None:
    workspace = rows.workspace()
    _, version = rows.price(input=1000, output=1000)
    pinned = {"model_id": 2**31 - 1, "price_version_id": version, "input_tokens": 9}
    rows.settle(workspace, **pinned)
    assert rows.findings(workspace) == {}
    rows.settle(workspace, cost=8, **pinned)
    assert [row[2:] for row in rows.findings(workspace)["Cost"]] == [("9", "8")]
