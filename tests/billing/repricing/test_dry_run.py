"""Tests of billing.repricing.dry_run and its arithmetic: a dry run."""

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.repricing import arithmetic
from billing.repricing.dry_run import DryRun, Line, measure
from billing.repricing.terms import Refused
from billing.sums import COUNTS
from catalog import pricing
from catalog.models import Multiplier, PriceVersion, Provider
from catalog.pricing import CLASSES, Counts, Factor, RateCard, Unpriced
from kernel import clock
from tests.billing import rows
from tests.billing.repricing.sold import BEGINS, ENDS, flat, model, sell, terms, version

pytestmark = pytest.mark.django_db

rates = st.integers(0, 10**9)
steps = st.builds(
    lambda base, more: ((0, base), *sorted(more.items())),
    rates,
    st.dictionaries(st.sampled_from([1, 7, 200_000]), rates, max_size=2),
)
cards = st.dictionaries(st.sampled_from([*CLASSES, "request"]), steps, min_size=1).map(
    lambda found: RateCard(1, found)
)
counted = st.builds(
    Counts, **{name: st.integers(0, 3) | st.integers(0, 300_000) | st.just(0) for name in CLASSES}
)
chains = st.lists(st.builds(Factor, id=st.integers(1, 9), ppm=st.integers(0, 10**9)), max_size=4)


# An event, copied once for each number, with other prices or multipliers.
COPIES = """WITH copy AS (SELECT e.*, n, (left(e.id::text, 24) || lpad(to_hex(n), 10, '0') || '00')::uuid AS copied
    FROM billing_usage_event e, generate_series(%s, %s) n WHERE e.id = %s)
INSERT INTO billing_usage_event (id, request_id, workspace_id, api_key_id, charge_no, minute_no, weight, model_id,
    chain_id, stream, status, http_status, usage_source, cost, hold, latency_ms, admitted_at, price_version_id, multipliers)
SELECT copied, copied, workspace_id, api_key_id, charge_no, minute_no, weight, model_id, chain_id, stream, status,
    http_status, usage_source, cost, hold, latency_ms, admitted_at, {version}, {chain} FROM copy"""


@settings(max_examples=150)
@given(cards, counted, chains)
def test_reckons_in_sql_as_charges_are_reckoned(card: RateCard, counts: Counts, chain: list[Factor]) -> None:
    numerator = 1
    for factor in chain:
        numerator *= factor.ppm
    pico = arithmetic.pico(card)
    sql = arithmetic.nano(pico, "%s::numeric", "%s::numeric")
    columns = ", ".join(f"%s::bigint AS {name}" for name in COUNTS)
    denominator = pricing.PPM ** len(chain)
    with connection.cursor() as cursor:
        given = [numerator, denominator, denominator, *(getattr(counts, name) for name in CLASSES)]
        cursor.execute(f"SELECT {sql}::text FROM (SELECT {columns}) counts", given)
        ((found,),) = cursor.fetchall()
    try:
        expected = str(pricing.cost(card, pricing.fold(card, counts)[0], chain))
    except Unpriced:
        expected = None
    assert found == expected


def test_tells_for_each_workspace_what_it_was_charged_and_what_it_should_have_been() -> None:
    of, dear = model(flat(input=2_000_000, output=8_000_000))
    right = version(of, flat(input=200_000, output=8_000_000))
    one, two, three = rows.workspace(), rows.workspace(), rows.workspace()
    sell(one, of, dear, Counts(input=1000, output=10))
    sell(one, of, dear, Counts(input=1))
    sell(two, of, dear, Counts(output=7))
    sell(three, of, right, Counts(input=50))
    found = measure(terms(of, price_version_id=right.version_id))
    assert found.lines == (
        Line(one, 2, 2, 2_082_000, 280_200),
        Line(two, 1, 0, 56_000, 56_000),
        Line(three, 1, 0, 10_000, 10_000),
    )
    assert (found.raised, found.lowered, found.requests, found.moved) == (0, 1_801_800, 4, 2)


def test_takes_requests_of_the_span_and_of_the_models_alone() -> None:
    of, old = model(flat(input=1_000_000))
    other, others = model(flat(input=1_000_000))
    new = version(of, flat(input=3_000_000))
    who = rows.workspace()
    for at in (BEGINS - timedelta(minutes=1), BEGINS, ENDS - timedelta(seconds=1), ENDS):
        sell(who, of, old, Counts(input=1), at=at)
    sell(who, other, others, Counts(input=5))
    assert measure(terms(of, price_version_id=new.version_id)).lines == (Line(who, 2, 2, 2_000, 6_000),)


def test_keeps_each_requests_own_factors() -> None:
    of, old = model(flat(input=1_000_000))
    new = version(of, flat(input=2_000_000))
    who = rows.workspace()
    sell(who, of, old, Counts(input=1000), (Factor(1, 1_500_000), Factor(2, 500_000)))
    sell(who, of, old, Counts(input=1000))
    assert measure(terms(of, price_version_id=new.version_id)).lines == (
        Line(who, 2, 2, 1_750_000, 3_500_000),
    )


def test_mends_a_factor_wherever_it_was_on_the_charge() -> None:
    of, card = model(flat(input=1_000_000))
    other, second = model(flat(input=4_000_000))
    wrong = Multiplier.objects.create(
        scope="workspace", target="repriced", factor_ppm=14_000_000, valid_from=clock.now(), reason="test"
    )
    mistaken = Factor(wrong.pk, 14_000_000)
    who, spared = rows.workspace(), rows.workspace()
    sell(who, of, card, Counts(input=1000), (mistaken, Factor(wrong.pk + 1, 500_000)))
    sell(who, other, second, Counts(input=1000), (mistaken,))
    sell(spared, of, card, Counts(input=1000), (Factor(wrong.pk + 1, 500_000),))
    found = measure(terms(of, other, multiplier_id=wrong.pk, multiplier_ppm=1_400_000))
    assert found.lines == (Line(who, 2, 2, 63_000_000, 6_300_000), Line(spared, 1, 0, 500_000, 500_000))


def test_folds_what_the_new_price_lacks_as_charging_does() -> None:
    of, old = model(flat(input=1_000_000, cached=100_000))
    new = version(of, flat(input=1_000_000))
    who = rows.workspace()
    sell(who, of, old, Counts(input=10, cached=100))
    assert measure(terms(of, price_version_id=new.version_id)).lines == (Line(who, 1, 1, 20_000, 110_000),)


def test_takes_a_request_with_its_corrections_as_one() -> None:
    of, old = model({"input": ((0, 1_000_000), (100, 3_000_000))})
    new = version(of, {"input": ((0, 2_000_000), (100, 5_000_000))})
    who = rows.workspace()
    request = sell(who, of, old, Counts(input=90))
    sell(who, of, old, Counts(), request_id=request, rev=1, input_tokens=60, cost=150 * 3_000 - 90 * 1_000)
    assert measure(terms(of, price_version_id=new.version_id)).lines == (Line(who, 1, 1, 450_000, 750_000),)


def test_leaves_free_what_was_waived_or_failed() -> None:
    of, old = model(flat(input=1_000_000, request=5_000_000))
    new = version(of, flat(input=2_000_000, request=9_000_000))
    who = rows.workspace()
    sell(who, of, old, Counts(input=10), cost=0)
    sell(who, of, old, Counts(), cost=0, status="failed")
    assert measure(terms(of, price_version_id=new.version_id)).lines == (Line(who, 2, 0, 0, 0),)


def test_charges_what_was_sold_at_a_price_of_nothing_by_mistake() -> None:
    of, old = model(flat(input=0))
    new = version(of, flat(input=1_000_000))
    who = rows.workspace()
    sell(who, of, old, Counts(input=10))
    found = measure(terms(of, price_version_id=new.version_id))
    assert (found.raised, found.lowered) == (10_000, 0)


def test_is_refused_where_a_count_has_no_rate() -> None:
    of, old = model(flat(input=1, output=1))
    new = version(of, flat(input=1))
    sell(rows.workspace(), of, old, Counts(output=1))
    with pytest.raises(Refused, match=r"1 requests have counts that price version .* has no rate for"):
        measure(terms(of, price_version_id=new.version_id))


def test_writes_nothing() -> None:
    of, old = model(flat(input=1))
    new = version(of, flat(input=2_000_000))
    who = rows.workspace()
    sell(who, of, old, Counts(input=10))
    before = rows.account(who), rows.count("billing_usage_event", who)
    measure(terms(of, price_version_id=new.version_id))
    assert (rows.account(who), rows.count("billing_usage_event", who)) == before


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"ends": BEGINS}, "has an end after its beginning"),
        ({"ends": BEGINS - timedelta(days=1)}, "has an end after its beginning"),
        ({"begins": ENDS - timedelta(days=32)}, "at most 31 days on"),
        ({"begins": BEGINS + timedelta(seconds=1)}, "begins and ends with a minute"),
        ({"ends": clock.now().replace(second=0, microsecond=0)}, "over for an hour"),
        ({}, "Choose the price version or the multiplier"),
        ({"multiplier_id": 0, "multiplier_ppm": 5}, "Say what the multiplier should have been"),
        ({"price_version_id": 0}, "Choose a sell price"),
        ({"models": ()}, "from one to 50 models"),
    ],
)
def test_is_refused_with_what_to_mend(how: dict[str, object], said: str) -> None:
    of, _ = model(flat(input=1))
    with pytest.raises(Refused, match=said):
        measure(terms(of, **how) if "models" not in how else terms(**how))


def test_is_refused_with_a_price_of_another_model_or_payee() -> None:
    of, card = model(flat(input=1))
    other, _ = model(flat(input=1))
    with pytest.raises(Refused, match="choose that model alone"):
        measure(terms(of, other, price_version_id=card.version_id))
    provider = Provider.objects.create(slug="paid", name="Paid")
    cost = PriceVersion.objects.create(model_id=of, provider=provider, valid_from=clock.now(), source="test")
    with pytest.raises(Refused, match="not what a provider charges"):
        measure(terms(of, price_version_id=cost.pk))


def test_waits_for_requests_that_are_still_open() -> None:
    of, card = model(flat(input=1))
    rows.admit(rows.workspace(), minute_no=int(BEGINS.timestamp() // 60))
    with pytest.raises(Refused, match="1 requests of this span are still open"):
        measure(terms(of, price_version_id=card.version_id))


def test_takes_the_last_factors_of_a_request_that_was_corrected() -> None:
    of, old = model(flat(input=1_000_000))
    new = version(of, flat(input=2_000_000))
    who = rows.workspace()
    request = sell(who, of, old, Counts(input=1000), (Factor(1, 1_500_000),))
    sell(who, of, old, Counts(), request_id=request, rev=1, cost=-500_000, multipliers="")
    assert measure(terms(of, price_version_id=new.version_id)).lines == (
        Line(who, 1, 1, 1_000_000, 2_000_000),
    )


@pytest.mark.parametrize("apart", [timedelta(hours=-23), timedelta(hours=23)], ids=["before", "after"])
def test_takes_requests_whose_ids_are_up_to_a_day_from_when_they_were_admitted(apart: timedelta) -> None:
    of, old = model(flat(input=1_000_000))
    new = version(of, flat(input=3_000_000))
    who, noon = rows.workspace(), BEGINS + timedelta(hours=12)
    admitted = BEGINS if apart < timedelta(0) else noon - timedelta(minutes=1)
    minute_no = int(admitted.timestamp() // 60)
    sell(who, of, old, Counts(input=1), at=admitted + apart, minute_no=minute_no, admitted_at=admitted)
    found = measure(terms(of, price_version_id=new.version_id, ends=noon))
    assert found.lines == (Line(who, 1, 1, 1_000, 3_000),)


def test_sums_every_nano_up_and_down_apart() -> None:
    lines = (Line(1, 2, 1, 5, 6), Line(2, 3, 3, 6, 5), Line(3, 1, 0, 7, 7))
    run = DryRun(terms(1), lines)
    assert (run.raised, run.lowered, run.requests, run.moved) == (1, 1, 6, 4)


def test_gives_up_after_fifty_seconds() -> None:
    of, card = model(flat(input=1))
    measure(terms(of, price_version_id=card.version_id))
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("50s",)


def bare(of: int) -> int:
    """Save a sell price without rates."""
    return PriceVersion.objects.create(model_id=of, valid_from=clock.now(), source="test").pk


def test_is_refused_where_a_price_has_no_rates_and_names_it() -> None:
    of, card = model(flat(input=1))
    first, second = bare(of), bare(of)
    sell(rows.workspace(), of, card, Counts(input=1))
    with pytest.raises(Refused, match=f"Price version {first} has no rates"):
        measure(terms(of, price_version_id=first))
    sell(rows.workspace(), of, card, Counts(input=1), price_version_id=second)
    with pytest.raises(Refused, match=f"Price version {second} has no rates"):
        measure(terms(of, price_version_id=card.version_id))


@pytest.mark.parametrize(
    ("version", "chain", "most"),
    [("n", "''", 500), ("0", "n || ':1'", 20_000)],
    ids=["prices", "multipliers"],
)
def test_takes_so_many_prices_and_multipliers_and_no_more(version: str, chain: str, most: int) -> None:
    of, card = model(flat(input=1))
    request = sell(rows.workspace(), of, card, Counts(), price_version_id=0, cost=0)
    for first, last, said in [(1, most - 1, "has no rates"), (most, most, "too many prices and multipliers")]:
        rows.run(COPIES.format(version=version, chain=chain), first, last, request)
        with pytest.raises(Refused, match=said):
            measure(terms(of, price_version_id=card.version_id))
