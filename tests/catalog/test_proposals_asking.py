"""Comparisons that are asked for, taken up, and made every day."""

from datetime import timedelta

import pytest

from catalog.models import Comparison, Model, PriceVersion, Proposal, Provider, Rate, Source
from catalog.proposals import comparisons, genai
from catalog.proposals.comparisons import NotKnown
from catalog.proposals.listing import Listing
from catalog.tasks import compare_daily
from config.celery import app
from kernel import clock
from tests.catalog.proposing import USD, entry, listing, price, rates_of, served
from tests.fakes import chained

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def alone() -> None:
    """Nothing but what the test puts there is active or asked for: other tests leave rows."""
    Provider.objects.update(active=False)
    Comparison.objects.all().delete()


def at(url: str, name: str, **rates: int) -> tuple[Model, Provider]:
    """Save a model whose chain leads to this address, at a cost."""
    model = chained.model()
    endpoint = chained.endpoint(url=url)
    chained.live(model, chained.hop(endpoint, upstream_model=name))
    price(model, endpoint.provider, rates)
    return model, endpoint.provider


def test_are_asked_for_once_until_they_are_taken_up() -> None:
    _, provider = served()
    first = comparisons.ask(provider, Source.UPSTREAM, asked_by="ann@example.com")
    assert comparisons.ask(provider, Source.UPSTREAM, asked_by="bob@example.com") == first
    assert comparisons.ask(provider, Source.GENAI, asked_by="bob@example.com") != first
    taken = [comparisons.claim() for _ in range(3)]
    assert [each.source for each in taken if each] == ["upstream", "genai"]
    assert comparisons.ask(provider, Source.UPSTREAM, asked_by="ann@example.com") != first


def test_are_taken_up_again_when_their_maker_was_killed_but_not_for_ever() -> None:
    _, provider = served()
    comparisons.ask(provider, Source.GENAI, asked_by="ann@example.com")
    taken = comparisons.claim()
    assert taken is not None
    assert comparisons.claim() is None
    Comparison.objects.filter(pk=taken.pk).update(started_at=clock.now() - timedelta(minutes=6))
    assert comparisons.claim() == taken
    Comparison.objects.filter(pk=taken.pk).update(
        asked_at=clock.now() - 2 * HOUR, started_at=clock.now() - timedelta(minutes=6)
    )
    assert comparisons.claim() is None
    taken.refresh_from_db()
    assert (taken.state, taken.notes) == ("failed", "It was begun several times and never ended.")


def test_of_a_source_that_does_not_answer_change_no_proposal() -> None:
    _, provider = served()
    made = comparisons.run(
        Comparison(provider=provider, source=Source.GENAI, asked_by="x"),
        lambda: listing(entry(input=2 * USD, output=9 * USD)),
    )
    assert made.report is not None

    def fails() -> Listing:
        raise NotKnown("house: the provider answered 500.")

    failed = comparisons.run(Comparison(provider=provider, source=Source.GENAI, asked_by="x"), fails)
    assert (failed.report, failed.failure) == (None, "house: the provider answered 500.")
    assert (failed.comparison.state, failed.comparison.notes) == (
        "failed",
        "house: the provider answered 500.",
    )
    assert Proposal.objects.filter(provider=provider, status="open").count() == 1


def test_write_down_what_came_of_them() -> None:
    model, provider = served()
    told = comparisons.run(
        Comparison(provider=provider, source=Source.GENAI, asked_by="x"),
        lambda: listing(entry(refusal="audio_hours is not counted"), entry("other")),
    )
    row = Comparison.objects.get(pk=told.comparison.pk)
    assert (row.state, row.listed, row.raised, row.withdrawn) == ("done", 2, 0, 0)
    assert row.refused == [[model.public_id, "audio_hours is not counted"]]
    assert row.notes == "first look: 2 models noted, none of them proposed as new"


def test_with_genai_prices_know_providers_by_their_address_and_else_by_their_slug() -> None:
    _, openai = at("https://api.openai.com/v1", "gpt-4o", input=1, output=1)
    _, unknown = at("https://llm.example.com/v1", "gpt-4o", input=1, output=1)
    named = Provider.objects.create(slug="mistral", name="Mistral")
    houses = [genai.house_of(each) for each in (openai, unknown, named)]
    assert [house.id if house else None for house in houses] == ["openai", None, "mistral"]
    named.private = True
    assert genai.house_of(named) is None


def test_with_genai_prices_propose_what_its_data_say() -> None:
    model, provider = at("https://api.openai.com/v1", "gpt-4o", input=2_500_000, output=99_000_000)
    told = comparisons.run(
        Comparison(provider=provider, source=Source.GENAI, asked_by="x"), lambda: comparisons.known(provider)
    )
    assert told.report is not None
    (proposal,) = [row for row in told.report.raised if row.kind == "cost"]
    assert (proposal.model, proposal.after["rates"]["output"]) == (model, [[0, 10_000_000]])
    assert proposal.needs_two  # from 99 to 10
    assert proposal.evidence["source"] == f"genai-prices {genai.VERSION}, openai gpt-4o"
    assert proposal.evidence["page"].startswith("https://")
    assert rates_of(PriceVersion.objects.get(model=model, provider=provider))["output"] == 99_000_000


def test_are_made_once_a_day_for_each_provider_that_is_known() -> None:
    at("https://api.openai.com/v1", "gpt-4o", input=2_500_000, output=99_000_000)
    at("https://llm.example.com/v1", "x", input=1, output=1)
    assert (compare_daily(), compare_daily()) == (1, 0)
    (row,) = Comparison.objects.all()
    assert (row.state, row.asked_by, row.raised > 0) == ("done", "daily", True)
    Comparison.objects.update(asked_at=clock.now() - timedelta(days=1))
    assert compare_daily() == 1
    Comparison.objects.update(asked_at=clock.now() - timedelta(days=91))
    assert (compare_daily(), Comparison.objects.count()) == (1, 1)


def test_of_every_day_are_looked_for_every_hour() -> None:
    [entry] = [each for each in app.conf.beat_schedule.values() if each["task"] == compare_daily.name]
    assert entry["schedule"] == 3600


def test_of_real_models_make_the_price_that_was_proposed() -> None:
    model, provider = at(
        "https://api.anthropic.com/v1", "claude-sonnet-4-5", input=1_000_000, output=1_000_000
    )
    assert Rate.objects.filter(price_version__model=model).exists()
    told = comparisons.known(provider).find("claude-sonnet-4-5")
    assert told is not None
    assert told.tariff is not None
    assert told.tariff.stated["input"] == ((0, 3_000_000), (200_000, 6_000_000))
