"""What is looked for: the address keeps it, each condition can be taken away, and nonsense is named."""

from datetime import timedelta

import pytest

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
