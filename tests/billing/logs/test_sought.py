"""What is looked for: the address keeps it, each condition can be taken away, and nonsense is named."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from billing.logs.sought import read
from kernel import clock
from tests.billing.logs.listing import sought

WHOLE = (
    "?range=24h&q=glm&status=failed&status=cut&model=route%2Fone&key=3&provider=p&tag=t&code=PROVIDER_ERROR"
    "&cost=0.01&slower=900&tokens=10"
)


def test_sought_is_the_last_hour_unless_told_otherwise() -> None:
    found = sought()
    assert found.address() == "?"
    assert found.live
    assert timedelta(minutes=59) < clock.now() - found.begins <= timedelta(hours=1)


def test_sought_writes_the_address_it_was_read_from() -> None:
    assert sought(WHOLE).address() == WHOLE


def test_sought_moments_without_an_offset_are_of_the_zone_and_come_back_the_same() -> None:
    found = sought("range=span&from=2026-11-20T10:00&to=2026-11-20T11:30", zone="Asia/Kolkata")
    assert found.begins.isoformat() == "2026-11-20T10:00:00+05:30"
    assert (found.live, sought(found.address(), zone="Asia/Kolkata")) == (False, found)


def test_sought_loses_one_condition_at_a_time() -> None:
    found = sought(WHOLE)
    for name, value, _, _ in found.named:
        less = found.less(name, value)
        assert len(less.named) == len(found.named) - 1
        assert set(less.pairs()) < set(found.pairs())
    assert len(found.named) == 11


def test_sought_takes_no_empty_condition_from_a_form() -> None:
    assert sought("q=&status=&model=&cost=&tag=&code=").named == []


@pytest.mark.parametrize(
    "address",
    [
        *("range=99y", "range=span", "range=span&from=2026-11-20T10:00&to=2026-11-20T09:00", "status=sad"),
        *("cost=dear", "cost=-1", "cost=nan", "slower=1.5", "tokens=²", "charge=-1"),
        "&".join(f"tag={number}" for number in range(21)),
    ],
)
def test_sought_refuses_what_it_does_not_know_and_names_the_field(address: str) -> None:
    with pytest.raises(ValueError, match=r"^(range|from|to|status|cost|slower|tokens|charge|tag): "):
        sought(address)


def test_sought_begins_with_a_whole_minute_so_long_before_the_end_of_the_present_one() -> None:
    now = datetime(2026, 11, 22, 14, 8, 30, 5, tzinfo=UTC)
    for stretch, begins in (
        ("1h", "2026-11-22T13:09"),
        ("24h", "2026-11-21T14:09"),
        ("7d", "2026-11-15T14:09"),
    ):
        found = read(QueryDict(f"range={stretch}"), zone=ZoneInfo("UTC"), now=now)
        assert found.begins == datetime.fromisoformat(f"{begins}:00+00:00")


def test_sought_takes_texts_and_charges_as_far_as_they_make_sense() -> None:
    assert len(sought(f"q={'x' * 200}").text) == 128
    assert sought("cost=0").cost == 0
    assert sought("cost=999999999.999999999").cost == 10**18 - 1
    with pytest.raises(ValueError, match=r"^cost: it must not be below zero, nor beyond"):
        sought("cost=1000000000")
