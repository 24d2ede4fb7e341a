"""Incidents: five-minute slots in trouble, joined to spans with a beginning and an end."""

from billing.beats import Beats, State
from billing.incidents import SLOT, Incident, Slot, assemble

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
