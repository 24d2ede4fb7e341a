"""The public status: what providers' states make of a model, and how an incident is told."""

from dataclasses import replace
from typing import Any

import pytest

from billing.beats import Beats, State
from billing.incidents import SLOT, Slot
from billing.vitals import PROVIDER, Health
from catalog.register import House, Register
from catalog.snapshot import Offer
from inference.shelf.endpoints import endpoints
from inference.shelf.status import status, together
from inference.shelf.visible import Shelf
from kernel import clock
from tests.inference.shelf_models import HOP, OFFER, TERMS, catalogue

UP, SHAKY, DOWN, UNKNOWN = State.OPERATIONAL, State.DEGRADED, State.DOWN, State.UNKNOWN
NOW = 29_000_000
OTHER = replace(HOP, provider_id=2, provider="two", endpoint_id=2)
PAIR = replace(OFFER, hops=(HOP, OTHER))


def seen(*offers: Offer) -> Shelf:
    register = Register(revision=1, houses={"one": House("one", "House One", "")}, endings={})
    return Shelf(catalogue(*offers), register, caller=None, terms=TERMS, moment=clock.now())


def health(*counted: tuple[int, int, Beats], slots: tuple[Slot, ...] = ()) -> Health:
    """Return the health after these counts of the present minute and hour, by provider and model."""
    rows = {
        (span, NOW - NOW % span, provider, model): beats
        for provider, model, beats in counted
        for span in (1, 60)
    }
    return Health(rows, minute=NOW, slots=slots)


@pytest.mark.parametrize(
    ("tried", "whole"),
    [
        ([], UNKNOWN),
        ([UNKNOWN, UNKNOWN], UNKNOWN),
        ([UP, DOWN], UP),
        ([UNKNOWN, UP], UP),
        ([DOWN, UP], SHAKY),
        ([SHAKY, UP], SHAKY),
        ([SHAKY], SHAKY),
        ([DOWN, UNKNOWN], SHAKY),
        ([DOWN, DOWN], DOWN),
        ([DOWN, SHAKY], SHAKY),
    ],
)
def test_of_a_model_follows_the_places_that_serve_it(tried: list[State], whole: State) -> None:
    assert together(tried) is whole


def test_lists_all_providers_that_serve_something() -> None:
    found = health((1, PROVIDER, Beats(calls=2, first_byte=[0, 0, 0, 2])), (2, PROVIDER, Beats(checks=1)))
    told = status(seen(PAIR), found)
    assert told["providers"] == [
        {"name": "one", "status": "operational", "latency_ms": 10},
        {"name": "two", "status": "operational", "latency_ms": None},
    ]
    (model,) = told["models"]
    assert (model["provider"], model["status"]) == ("one", "unknown")


def incident(ago: int, beats: Beats) -> dict[str, Any]:
    slot = NOW // SLOT - ago
    found = health(slots=(Slot(1, slot, slot * SLOT, slot * SLOT + 2, beats),))
    (told,) = status(seen(OFFER), found)["incidents"]
    assert isinstance(told, dict)
    return told


def test_tells_of_an_incident_that_is_over() -> None:
    began = (NOW // SLOT - 100) * SLOT
    assert incident(100, Beats(calls=9, timeouts=4, rate_limited=1, refused_keys=2)) == {
        "id": f"one-{began}",
        "provider": "one",
        "title": "House One was down",
        "description": "7 of 9 calls failed: 4 without an answer in time, 1 over its rate limit, 2 refused for our key.",
        "severity": "down",
        "status": "resolved",
        "created_at": clock.start_of_minute(began).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resolved_at": clock.start_of_minute(began + 3).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def test_tells_of_an_incident_that_only_checks_saw() -> None:
    told = incident(100, Beats(checks=5, checks_failed=1, checks_refused=1))
    assert (told["description"], told["severity"]) == ("2 of 5 checks failed.", "degraded")


def test_tells_of_no_incident_at_a_provider_that_serves_nothing_in_sale() -> None:
    slot = NOW // SLOT - 100
    found = health(slots=(Slot(77, slot, slot * SLOT, slot * SLOT, Beats(calls=9, errors=9)),))
    assert status(seen(OFFER), found)["incidents"] == []


def test_shows_no_full_uptime_where_anything_failed() -> None:
    found = health((1, 1, Beats(calls=1_000_000, errors=1)))
    (listed,) = seen(OFFER).all()
    (endpoint,) = endpoints(listed, seen(OFFER), found)["endpoints"]
    assert endpoint["uptime_last_5m"] == endpoint["uptime_last_1d"] == 99.999
    assert endpoint["status"] == 0
