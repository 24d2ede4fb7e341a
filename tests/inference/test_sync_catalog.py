"""manage.py sync_catalog, and the comparisons that operators ask for: from a list to proposals."""

import io
import secrets

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Comparison, Endpoint, Model, Proposal, Provider, Source
from catalog.proposals import comparisons
from config.celery import app
from inference.tasks import compare_asked
from tests.catalog.proposing import USD, price
from tests.fakes import chained
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alone() -> None:
    """Nothing but what the test puts there is active or asked for: other tests leave rows."""
    Provider.objects.update(active=False)
    Comparison.objects.all().delete()


def at(url: str, name: str = "house/m", *, private: bool = True) -> tuple[Model, Provider]:
    """Save a model that a provider at this address serves at 2 and 8 USD per million."""
    house = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name="House", private=private)
    endpoint = Endpoint.objects.create(provider=house, name="default", base_url=url, needs_credential=False)
    model = chained.model(context_length=8_192, max_output_tokens=100)
    chained.live(model, chained.hop(endpoint, upstream_model=name))
    price(model, house, {"input": 2 * USD, "output": 8 * USD})
    return model, house


def listed(output: str, name: str = "house/m", context: int = 8_192) -> tuple[bytes, ...]:
    row = {"id": name, "context_length": context, "pricing": {"prompt": "0.000002", "completion": output}}
    return answer({"data": [row]})  # type: ignore[return-value]


def sync(*arguments: str) -> tuple[list[str], list[str]]:
    out, err = io.StringIO(), io.StringIO()
    call_command("sync_catalog", *arguments, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


def test_proposes_what_the_provider_itself_lists() -> None:
    with scripted(listed("0.000010", context=16_384)) as place:
        model, house = at(place.base_url)
        told, noted = sync("--provider", house.slug, "--source", "upstream")
    assert told == [
        f"+ {model.public_id} at {house.slug}: cost: output 8 → 10 (+25 %), reasoning 8, as output → 10 (+25 %)",
        f"+ {model.public_id} at {house.slug}: context length: context length 8,192 → 16,384 (+100 %)",
        f"{house.slug}, the provider's own list: 1 models; 2 raised, 0 withdrawn, 0 still open, 0 decided before",
    ]
    assert noted == [f"{house.slug}: first look: 1 models noted, none of them proposed as new"]
    assert Proposal.objects.filter(provider=house, status="open").count() == 2
    (row,) = Comparison.objects.filter(provider=house)
    assert (row.state, row.source, row.asked_by) == ("done", "upstream", "manage.py sync_catalog")


def test_says_that_a_hundredfold_takes_two_people() -> None:
    with scripted(listed("0.000800")) as place:
        model, house = at(place.base_url)
        told, _ = sync("--provider", house.slug, "--source", "upstream")
    assert told[0] == (
        f"+ {model.public_id} at {house.slug}: cost: output 8 → 800 (× 100), reasoning 8, as output → 800 (× 100);"
        " takes two people"
    )


def test_withdraws_what_no_longer_holds() -> None:
    with scripted(listed("0.000010"), listed("0.000008")) as place:
        model, house = at(place.base_url)
        for _ in range(2):
            told, _ = sync("--provider", house.slug, "--source", "upstream")
    assert told[0] == (
        f"- {model.public_id} at {house.slug}: cost:"
        " Source and catalogue agree now, or no chain of ours leads to it any more."
    )


def test_writes_nothing_on_a_dry_run() -> None:
    with scripted(listed("0.000010")) as place:
        _, house = at(place.base_url)
        told, _ = sync("--provider", house.slug, "--source", "upstream", "--dry-run")
    assert "1 raised" in told[-1]
    assert not Proposal.objects.filter(provider=house).exists()
    assert not Comparison.objects.filter(provider=house).exists()


def test_goes_on_after_a_failure_and_ends_with_it() -> None:
    with scripted(answer({}, status=500), listed("0.000010")) as place:
        _, broken = at(place.base_url)
        _, sound = at(place.base_url)
        with pytest.raises(CommandError, match="1 comparison came to nothing"):
            sync("--provider", broken.slug, "--provider", sound.slug, "--source", "upstream")
    assert Comparison.objects.get(provider=broken).state == "failed"
    assert Proposal.objects.filter(provider=sound, kind="cost").exists()


def test_asks_nobody_where_it_is_not_told_to() -> None:
    with scripted() as place:  # fails if it is asked
        _, private = at(place.base_url)
        model, _ = at("https://api.openai.com/v1", "gpt-4o", private=False)
        told, _ = sync()
    assert told[0].startswith(f"+ {model.public_id} at ")
    assert not Comparison.objects.filter(provider=private).exists()


def test_says_which_providers_there_are_not() -> None:
    with pytest.raises(CommandError, match="there is no provider nobody"):
        sync("--provider", "nobody")


def test_says_that_a_source_does_not_know_a_provider_that_was_named() -> None:
    _, house = at("https://llm.example.com/v1", private=False)
    with pytest.raises(CommandError):
        sync("--provider", house.slug)
    assert Comparison.objects.get(provider=house).notes == f"genai-prices does not know {house.slug}."


def test_proposes_every_listed_model_when_it_is_asked_to() -> None:
    with scripted(answer({"data": [{"id": "house/m"}, {"id": "old"}]})) as place:
        _, house = at(place.base_url)
        told, _ = sync("--provider", house.slug, "--source", "upstream", "--all")
    assert told[0] == f"+ old at {house.slug}: new model: "


def test_does_what_operators_asked_for() -> None:
    with scripted(listed("0.000010")) as place:
        _, house = at(place.base_url)
        asked = comparisons.ask(house, Source.UPSTREAM, asked_by="ann@example.com")
        assert (compare_asked(), compare_asked()) == (1, 0)
    asked.refresh_from_db()
    assert (asked.state, asked.raised, asked.asked_by) == ("done", 1, "ann@example.com")


def test_is_looked_for_four_times_a_minute() -> None:
    [entry] = [each for each in app.conf.beat_schedule.values() if each["task"] == compare_asked.name]
    assert entry["schedule"] == 15
