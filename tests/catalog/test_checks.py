"""Tests of catalog.checks."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from catalog import demo
from catalog.checks import CONTRADICTIONS, contradictions
from catalog.models import (
    Chain,
    Endpoint,
    Hop,
    Model,
    Plan,
    PlanVersion,
    PriceVersion,
    Provider,
    Rate,
)
from kernel import clock

CHAT = {"input": 1, "output": 1}


def found() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        return [(str(error.id), error.msg.split(" ")[0]) for error in contradictions(cursor)]


def sold(
    name: str = "route/x",
    *,
    rates: dict[str, int] | None = None,
    hops: int = 1,
    days: int = 0,
    plan_ranks_from: int = 0,
    **facts: Any,
) -> Model:
    """Save a model that is sold; its price begins in so many days."""
    now = clock.now()
    model = Model.objects.create(
        **{
            "public_id": name,
            "name": name,
            "author": "test",
            "tier": "free",
            "context_length": 100,
            "max_output_tokens": 10,
            "output_modalities": ["text"],
            "created_at": now,
            **facts,
        }
    )
    chain = Chain.objects.create(model=model, version=1, status="live", published_at=now)
    provider, _ = Provider.objects.get_or_create(slug="p", defaults={"name": "P"})
    endpoint, _ = Endpoint.objects.get_or_create(provider=provider, name="e")
    for position in range(hops):
        Hop.objects.create(
            chain=chain,
            position=position,
            endpoint=endpoint,
            upstream_model="m",
            plan_ranks_from=plan_ranks_from,
        )
    version = PriceVersion.objects.create(model=model, valid_from=now + timedelta(days=days), source="test")
    for token_class, rate in (CHAT if rates is None else rates).items():
        Rate.objects.create(price_version=version, token_class=token_class, micro_usd_per_million=rate)
    return model


@pytest.mark.django_db
def test_is_quiet_on_an_empty_catalogue() -> None:
    assert found() == []


@pytest.mark.django_db
def test_is_quiet_on_the_demo() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    assert found() == []


@pytest.mark.django_db
def test_is_quiet_before_the_first_migration() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA nothing; SET LOCAL search_path TO nothing")
        assert contradictions(cursor) == []


@pytest.mark.django_db
def test_is_quiet_on_models_of_each_kind() -> None:
    sold("route/chat", supported_parameters=["tools", "tool_choice"], aliases=["chat"])
    sold("route/image", capability="image", output_modalities=["image"], rates={"image": 5})
    sold("route/embedding", capability="embedding", output_modalities=["embedding"], rates={"input": 5})
    sold("route/rerank", capability="rerank", output_modalities=["score"], rates={"request": 5})
    assert found() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("catalog.E001", {"days": 1}),
        ("catalog.E002", {"hops": 0}),
        ("catalog.E003", {"rates": {"input": 1, "cached": 1}}),
        ("catalog.E003", {"capability": "image", "output_modalities": ["image"]}),
        ("catalog.E003", {"capability": "embedding", "rates": {"output": 1}}),
        ("catalog.E004", {"output_modalities": ["image"]}),
        ("catalog.E004", {"output_modalities": []}),
        ("catalog.E004", {"capability": "image", "rates": {"image": 1}}),
        ("catalog.E005", {"capability": "rerank", "supported_parameters": ["seed", "tools"]}),
        ("catalog.E006", {"supported_parameters": ["tool_choice"]}),
        ("catalog.E007", {"max_output_tokens": 0}),
    ],
)
def test_finds_what_cannot_be_meant(code: str, facts: dict[str, Any]) -> None:
    model = sold(**facts)
    assert found() == [(code, "route/x")]
    Model.objects.filter(pk=model.pk).update(active=False)
    assert found() == []


@pytest.mark.django_db
@pytest.mark.parametrize("aliases", [["route/a"], ["nick"]])
def test_finds_a_name_that_two_models_have(aliases: list[str]) -> None:
    sold("route/a", aliases=["nick", "nick"])
    sold("route/b", aliases=aliases)
    assert found() == [("catalog.E008", "route/a"), ("catalog.E008", "route/b")]


@pytest.mark.django_db
def test_finds_a_chain_that_goes_round_in_a_loop() -> None:
    sold(hops=2)
    assert found() == [("catalog.E009", "route/x")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("dialect", "capability", "rates", "gives", "fits"),
    [
        ("anthropic", "chat", CHAT, "text", True),
        ("anthropic", "embedding", CHAT, "embedding", False),
        ("gemini", "embedding", CHAT, "embedding", True),
        ("gemini", "image", {"image": 1}, "image", False),
        ("openai", "image", {"image": 1}, "image", True),
    ],
)
def test_finds_a_dialect_without_words_for_it(
    dialect: str, capability: str, rates: dict[str, int], gives: str, fits: bool
) -> None:
    sold(capability=capability, rates=rates, output_modalities=[gives])
    Provider.objects.update(dialect=dialect)
    assert found() == ([] if fits else [("catalog.E010", "route/x")])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rank", "terms", "fits"),
    [
        (2, {"tiers": ["free"]}, False),
        (3, {"tiers": ["free"]}, True),
        (2, {"tiers": ["max"]}, True),
        (2, {"tiers": ["max"], "also_models": ["route/[v-z]*"]}, False),
        (2, {"tiers": [], "also_models": ["Route/x"]}, True),
        (2, {"tiers": ["free"], "except_models": ["*/x"]}, True),
    ],
)
def test_finds_a_plan_without_a_hop(rank: int, terms: dict[str, Any], fits: bool) -> None:
    sold(plan_ranks_from=3)
    plan = Plan.objects.create(slug="x", name="X", rank=rank)
    for version, included in enumerate(({"tiers": ["free", "max"]}, terms), start=1):
        facts = {"published_at": clock.now(), "price_nano": 0, "credits_nano": 0, "stream_cap": 1}
        PlanVersion.objects.create(plan=plan, version=version, **included, **facts)
    assert found() == ([] if fits else [("catalog.E011", "route/x")])


@pytest.mark.django_db
def test_names_a_model_once_however_many_plans_have_no_hop() -> None:
    sold(plan_ranks_from=3)
    for rank, tiers in enumerate((["free"], ["free", "max"]), start=1):
        facts = {"published_at": clock.now(), "price_nano": 0, "credits_nano": 0, "stream_cap": 1}
        plan = Plan.objects.create(slug=f"x{rank}", name="X", rank=rank)
        PlanVersion.objects.create(plan=plan, version=1, tiers=tiers, **facts)
    assert found() == [("catalog.E011", "route/x")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"kind": "promotion", "valid_until": timedelta(days=2)}, ["catalog.E012"]),
        ({"kind": "promotion", "valid_until": timedelta(hours=-1)}, []),
        ({"kind": "time_of_day", "daily_from": 0, "daily_until": 60, "weekdays": 1}, ["catalog.E012"]),
    ],
)
def test_names_the_class_that_a_promotion_or_a_time_of_day_lacks(
    facts: dict[str, Any], wanted: list[str]
) -> None:
    now = clock.now()
    model = sold("route/x", rates={"input": 1, "output": 1, "cached": 1}, days=-2)
    until = facts.pop("valid_until", None)
    version = PriceVersion.objects.create(
        model=model,
        valid_from=now - timedelta(days=1),
        valid_until=now + until if until is not None else None,
        label="Night {rate}",
        source="test",
        **facts,
    )
    Rate.objects.create(price_version=version, token_class="input", micro_usd_per_million=1)
    Rate.objects.create(price_version=version, token_class="output", micro_usd_per_million=1)
    assert [code for code, _ in found()] == wanted
    if wanted:
        with connection.cursor() as cursor:
            (error,) = contradictions(cursor)
        assert error.msg == (
            "route/x has a price Night {rate} that lacks a rate for cached, which the standard price beneath it has."
        )


@pytest.mark.django_db
def test_wants_a_standard_price_beneath_a_promotion() -> None:
    model = sold("route/x", days=1)
    now = clock.now()
    version = PriceVersion.objects.create(
        model=model, valid_from=now, valid_until=now + timedelta(days=9), kind="promotion", label="x", source="t"
    )  # fmt: skip
    for name in CHAT:
        Rate.objects.create(price_version=version, token_class=name, micro_usd_per_million=1)
    assert ("catalog.E001", "route/x") in found()


@pytest.mark.django_db
def test_looks_at_the_price_in_force_and_not_at_what_a_provider_charges() -> None:
    model = sold(days=1)
    provider = Provider.objects.get()
    PriceVersion.objects.create(model=model, provider=provider, valid_from=clock.now(), source="test")
    assert found() == [("catalog.E001", "route/x")]


@pytest.mark.usefixtures("committed")
def test_fails_the_command() -> None:
    model = Model.objects.create(
        public_id="route/contradictory",
        name="x",
        author="test",
        tier="free",
        context_length=9,
        max_output_tokens=1,
        output_modalities=["text"],
        created_at=clock.now(),
    )
    chain = Chain.objects.create(model=model, version=1, status="live", published_at=clock.now())
    try:
        with pytest.raises(SystemCheckError, match="route/contradictory is sold without a price in force"):
            call_command("check")
    finally:
        chain.delete()
        model.delete()


def test_says_that_it_could_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.postgres.conninfo", lambda: "host=127.0.0.1 port=1 connect_timeout=1")
    assert "catalog.W001" in {message.id for message in run_checks()}


def test_tells_each_contradiction_by_an_id_of_its_own() -> None:
    assert len({each.id for each in CONTRADICTIONS}) == len(CONTRADICTIONS)
