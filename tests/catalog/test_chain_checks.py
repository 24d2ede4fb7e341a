"""Tests of catalog.chain_checks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import Settings

from catalog.chain_checks import Fault, Verdict, examine
from catalog.models import Chain, Endpoint, Hop, Model, Plan, PlanVersion
from kernel import clock
from tests.fakes import chained
from tests.fakes.chained import hop

pytestmark = pytest.mark.django_db


def verdict(*hops: Hop, model: Model | None = None) -> Verdict:
    return examine(chained.draft(model or chained.model(), *hops), at=clock.now())


def refusals(*hops: Hop, model: Model | None = None) -> list[tuple[Fault, int | None]]:
    return [(reason.fault, reason.hop) for reason in verdict(*hops, model=model).refusals]


def warnings(*hops: Hop, model: Model | None = None) -> list[tuple[Fault, int | None]]:
    return [(reason.fault, reason.hop) for reason in verdict(*hops, model=model).warnings]


def switched_off() -> Endpoint:
    place = chained.endpoint()
    place.active = False
    place.save()
    return place


def plan(name: str, rank: int, *versions: list[str], **named: list[str]) -> None:
    """Save a plan with versions that include these tiers, the newest last, and name these patterns."""
    made = Plan.objects.create(slug=name.lower(), name=name, rank=rank)
    for number, tiers in enumerate(versions, start=1):
        PlanVersion.objects.create(
            plan=made,
            version=number,
            published_at=clock.now(),
            price_nano=0,
            credits_nano=0,
            tiers=tiers,
            stream_cap=1,
            **named,
        )


def test_a_sound_chain_has_nothing_against_it() -> None:
    assert verdict(hop(), hop(weight=1), hop(weight=2), hop()) == Verdict((), ())


def test_a_chain_without_a_hop_leads_nowhere() -> None:
    assert refusals() == [(Fault.NO_HOP, None)]


def test_the_same_place_twice_is_a_loop_and_another_model_there_is_none() -> None:
    place = chained.endpoint()
    assert refusals(hop(place), hop(), hop(place)) == [(Fault.TWICE, 3)]
    assert refusals(hop(place), hop(place, upstream_model="other")) == []


def test_an_address_of_our_own_is_a_loop(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["api.tollway.example"]
    ours = chained.endpoint(url="https://api.tollway.example/v1")
    assert refusals(hop(), hop(ours)) == [(Fault.OWN_ADDRESS, 2)]


@pytest.mark.parametrize(
    ("make", "fault"),
    [(lambda: chained.endpoint(active=False), Fault.PROVIDER_OFF), (switched_off, Fault.ENDPOINT_OFF)],
)
def test_what_is_switched_off_is_refused(make: Callable[[], Endpoint], fault: Fault) -> None:
    assert refusals(hop(), hop(make())) == [(fault, 2)]


def test_a_hop_that_cannot_be_called_yet_is_warned_of_and_refused_only_if_all_are_so() -> None:
    keyless, placeless = chained.endpoint(keyless=False), chained.endpoint(url="")
    assert refusals(hop(keyless), hop(), hop(placeless)) == []
    assert warnings(hop(keyless), hop(), hop(placeless)) == [
        (Fault.NOT_CONFIGURED, 1),
        (Fault.NOT_CONFIGURED, 3),
    ]
    assert refusals(hop(keyless), hop(placeless)) == [(Fault.NOT_CONFIGURED, 1), (Fault.NOT_CONFIGURED, 2)]
    lacking = [reason.message for reason in verdict(hop(keyless), hop(placeless)).refusals]
    assert [message.rsplit(" ", 1)[1] for message in lacking] == ["key.", "address."]


@pytest.mark.parametrize(
    ("dialect", "serves"),
    [
        ("anthropic", {"chat"}),
        ("gemini", {"chat", "embedding"}),
        ("openai", {"chat", "embedding", "rerank", "image"}),
        ("sandbox", {"chat", "embedding", "rerank", "image"}),
    ],
)
def test_a_dialect_serves_what_it_has_words_for(dialect: str, serves: set[str]) -> None:
    for capability in ("chat", "embedding", "rerank", "image"):
        model = chained.model(priced=False, capability=capability)
        chained.price(model, classes=("input", "output", "image"))
        expected = [] if capability in serves else [(Fault.DIALECT, 1)]
        assert refusals(hop(chained.endpoint(dialect=dialect)), model=model) == expected


@pytest.mark.parametrize(
    ("weights", "alone"),
    [
        ([1, 1, 0], []),
        ([0, 5, 5, 0, 2, 2], []),
        ([1], [1]),
        ([1, 0, 1], [1, 3]),
        ([1, 1, 0, 4], [4]),
    ],
)
def test_a_weight_is_shared_with_a_neighbour(weights: list[int], alone: list[int]) -> None:
    found = refusals(*(hop(weight=weight) for weight in weights))
    assert found == [(Fault.WEIGHT_ALONE, place) for place in alone]


def test_no_plan_that_includes_the_model_is_left_without_a_hop() -> None:
    plan("Small", 1, ["free"])
    plan("Former", 2, ["max"], ["free"])
    plan("Middle", 3, ["free", "max"])
    plan("Large", 4, ["max"])
    plan("Huge", 5, ["free"], ["max"])
    assert refusals(hop(plan_ranks_from=3)) == []
    assert refusals(hop(plan_ranks_from=5), hop(plan_ranks_from=3)) == []
    sold = chained.model()
    found = verdict(hop(plan_ranks_from=5), hop(plan_ranks_from=6), model=sold).refusals
    assert [reason.fault for reason in found] == [Fault.PLAN_LEFT_OUT]
    assert f"the plans Middle, Large, which include {sold}." in found[0].message
    assert "which is 5 at the least" in found[0].remedy


def test_no_plan_that_names_the_model_is_left_without_a_hop() -> None:
    sold = chained.model()
    plan("Named", 1, ["free"], also_models=[f"{sold.public_id[:-1]}?"])
    plan("Without", 2, ["max"], except_models=[sold.public_id])
    plan("Other", 3, ["free"], also_models=["nothing/*"])
    [reason] = verdict(hop(plan_ranks_from=4), model=sold).refusals
    assert f"the plan Named, which includes {sold}." in reason.message


def test_a_hop_that_cannot_be_called_serves_no_plan() -> None:
    plan("Middle", 3, ["max"])
    keyless = chained.endpoint(keyless=False)
    assert refusals(hop(keyless), hop(plan_ranks_from=4)) == [(Fault.PLAN_LEFT_OUT, None)]


def test_many_plans_are_not_all_named() -> None:
    for rank in range(1, 13):
        plan(f"P{rank}", rank, ["max"])
    [reason] = verdict(hop(plan_ranks_from=99)).refusals
    assert "P1, P2, P3, P4, P5, P6, P7, P8, P9, P10 and more," in reason.message


def test_a_price_must_be_in_force_at_the_moment() -> None:
    model = chained.model(priced=False)
    chained.price(model, since=clock.now() + timedelta(hours=1))
    draft = chained.draft(model, hop())
    assert [reason.fault for reason in examine(draft, at=clock.now()).refusals] == [Fault.NO_PRICE]
    assert examine(draft, at=clock.now() + timedelta(hours=2)).refusals == ()


def test_what_a_provider_charges_is_no_sell_price() -> None:
    model = chained.model(priced=False)
    place = chained.endpoint()
    model.price_versions.create(provider=place.provider, valid_from=clock.now(), source="test")
    assert refusals(hop(place), model=model) == [(Fault.NO_PRICE, None)]


@pytest.mark.parametrize(
    ("capability", "classes", "missing"),
    [
        ("chat", ("input",), "output"),
        ("chat", ("cached",), "input and output"),
        ("embedding", ("output",), "input"),
        ("image", ("input",), "image"),
        ("rerank", (), ""),
    ],
)
def test_a_price_needs_the_rates_of_its_kind(capability: str, classes: tuple[str, ...], missing: str) -> None:
    model = chained.model(priced=False, capability=capability)
    chained.price(model, classes=classes)
    found = verdict(hop(), model=model).refusals
    assert [reason.fault for reason in found] == ([Fault.NO_RATE] if missing else [])
    assert all(f"no rate for {missing}." in reason.message for reason in found)


def test_a_model_that_is_off_and_a_version_that_takes_over_later_are_only_warned_of() -> None:
    model = chained.model(active=False)
    later = chained.draft(model, hop())
    Chain.objects.filter(pk=later.pk).update(publish_at=clock.now() + timedelta(days=1))
    assert warnings(hop(), model=model) == [(Fault.MODEL_OFF, None), (Fault.REPLACED_LATER, None)]
    assert refusals(hop(), model=model) == []
    later.refresh_from_db()
    assert [reason.fault for reason in examine(later, at=clock.now()).warnings] == [Fault.MODEL_OFF]


def test_every_reason_says_which_hop_and_what_to_do() -> None:
    place = chained.endpoint(name="Maker", active=False)
    [reason] = verdict(hop(place, upstream_model="big-1")).refusals
    assert str(reason) == (
        f"Hop 1 ({place.provider.slug}/default, big-1) leads to Maker, which is switched off. "
        "Switch the provider on, or remove the hop."
    )
