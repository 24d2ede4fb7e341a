"""Incidents: five-minute slots in trouble, joined to spans with a beginning and an end."""

from typing import Any

import pytest
from django.db import connection

from billing.beats import Beats, State
from billing.incidents import READ, SLOT, Incident, Slot, assemble, slots
from kernel import clock
from tests.billing.beating import nobodys, put

NOW = 6_000_000


def slot(number: int, *, provider: int = 1, calls: int = 10, errors: int = 10) -> Slot:
    """Return a slot so many slots before the present one, that failed in its second and fourth minute."""
    place = NOW // SLOT - number
    return Slot(provider, place, place * SLOT + 1, place * SLOT + 3, Beats(calls=calls, errors=errors))


def spans(*slots: Slot, lasting: State | None = None) -> list[Incident]:
    """Return the incidents in the slots; the first provider is in trouble now if `lasting` says which."""
    ordered = sorted(slots, key=lambda each: (each.provider_id, each.number))
    return list(assemble(ordered, minute=NOW, lasting={} if lasting is None else {1: lasting}))


def test_are_none_where_little_failed() -> None:
    assert spans(slot(5, errors=1), slot(3, calls=100, errors=5)) == []


def test_begin_and_end_with_the_minutes_that_failed() -> None:
    first, last = slot(20), slot(18)
    (found,) = spans(first, slot(19), last)
    assert (found.began, found.ended) == (first.first, last.last + 1)
    assert (found.worst, found.beats.calls, found.beats.errors) == (State.DOWN, 30, 30)


def test_go_on_over_a_slot_in_health_but_not_over_two() -> None:
    assert len(spans(slot(20), slot(18))) == 1
    assert len(spans(slot(20), slot(17))) == 2


def test_are_as_bad_as_their_worst_slot() -> None:
    (mild,) = spans(slot(20, errors=2), slot(19, errors=3))
    (bad,) = spans(slot(20, errors=2), slot(19, errors=10))
    assert (mild.worst, bad.worst) == (State.DEGRADED, State.DOWN)


def test_last_while_the_provider_is_in_trouble() -> None:
    assert [found.ended for found in spans(slot(1), lasting=State.DOWN)] == [None]
    assert [found.ended for found in spans(slot(1))] == [slot(1).last + 1]
    # What it is in now began after a pause: the earlier one is over.
    old, new = sorted(spans(slot(9), slot(0), lasting=State.DOWN), key=lambda found: found.began)
    assert (old.ended, new.ended) == (slot(9).last + 1, None)


def test_are_as_bad_as_the_provider_is_now() -> None:
    (found,) = spans(slot(1, errors=2), slot(0, errors=2), lasting=State.DOWN)
    assert (found.worst, found.ended) == (State.DOWN, None)
    (over,) = spans(slot(9, errors=2), lasting=State.DOWN)
    assert over.worst is State.DEGRADED


def test_are_told_apart_by_provider_and_come_newest_first() -> None:
    found = spans(slot(20, provider=1), slot(19, provider=2), slot(5, provider=1))
    assert [each.provider_id for each in found] == [1, 2, 1]
    assert [each.began for each in found] == sorted((each.began for each in found), reverse=True)


@pytest.mark.django_db
def test_slots_in_which_anything_failed_are_read_as_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SLOT == 5
    monkeypatch.setattr(clock, "minute_number", lambda seconds=None: NOW)
    provider = nobodys()
    minutes: dict[int, dict[str, Any]] = {
        20: {"calls": 9},
        19: {"calls": 6, "timeouts": 1, "rate_limited": 1, "refused_keys": 1, "errors": 1},
        18: {"checks": 4, "checks_failed": 1, "checks_refused": 2},
        17: {"calls": 7, "timeouts": 1, "rate_limited": 1, "refused_keys": 2, "errors": 3}
        | {"checks": 3, "checks_failed": 1, "checks_refused": 1},
        16: {"calls": 7},
        12: {"calls": 50},
        9: {"checks": 1, "checks_refused": 1},
        5: {"calls": 1, "errors": 1},
        4: {"checks": 1, "checks_failed": 1},
    }
    for ago, counts in minutes.items():
        put(provider, ago=ago, **counts)
    put(provider, ago=19, model=3, calls=9, errors=9)
    put(provider, span=60, ago=19, calls=9, errors=9)
    put(provider, ago=21, calls=9, errors=9)  # before what is asked for
    with connection.cursor() as cursor:
        cursor.execute(READ, [NOW - 20])
        found = [row for row in cursor.fetchall() if row[0] == provider]
    assert found == [
        (provider, NOW // 5 - 4, NOW - 19, NOW - 17, 29, 2, 2, 3, 4, 7, 2, 3),
        (provider, NOW // 5 - 2, NOW - 9, NOW - 9, 0, 0, 0, 0, 0, 1, 0, 1),
        (provider, NOW // 5 - 1, NOW - 5, NOW - 4, 1, 0, 0, 0, 1, 1, 1, 0),
    ]
    at_hand = slots(provider, [(NOW - ago, Beats(**counts)) for ago, counts in minutes.items()])
    told = [(slot.provider_id, slot.number, slot.first, slot.last, slot.beats) for slot in at_hand]
    assert told == [
        (*row[:4], Beats(row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11])) for row in found
    ]
