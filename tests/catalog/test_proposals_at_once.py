"""Many who decide about proposals at once: what is done is done once, and by as many people as it takes."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connections

from catalog.models import Proposal
from catalog.proposals import deciding
from tests.catalog.proposing import (
    changes,
    compare,
    costs,
    dearer,
    hundredfold,
    person,
    proposed,
    sells,
    served,
)

pytestmark = pytest.mark.usefixtures("committed")


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Make calls at the same moment, each on a connection of its own; return what each came to, sorted."""
    begin, told = threading.Barrier(len(calls)), []

    def make(call: Callable[[], object]) -> None:
        try:
            begin.wait(10)
            call()
            told.append("done")
        except deciding.Refused as refused:
            told.append(str(refused)[:12])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(told)


def test_do_a_thing_once_however_many_approve_it() -> None:
    for _ in range(5):
        model, provider = served()
        proposal = proposed(provider, dearer())
        people = [person() for _ in range(6)]
        told = at_once(
            *[partial(deciding.approve, proposal.pk, by=by, reason="x", sell_too=True) for by in people]
        )
        assert told == [*["It was appro"] * 5, "done"]
        assert (len(costs(model, provider)), len(sells(model)), len(changes(proposal))) == (2, 2, 1)


def test_of_a_jump_are_two_who_do_it_and_never_one_twice() -> None:
    for _ in range(5):
        model, provider = served()
        proposal = proposed(provider, hundredfold())
        alone, *others = [person() for _ in range(4)]
        twice = [partial(deciding.approve, proposal.pk, by=alone, reason="x")] * 4
        assert at_once(*twice) == [*["You have app"] * 3, "done"]
        assert len(costs(model, provider)) == 1
        rest = [partial(deciding.approve, proposal.pk, by=by, reason="x") for by in others]
        assert at_once(*rest) == [*["It was appro"] * 2, "done"]
        assert (len(costs(model, provider)), len(changes(proposal))) == (2, 2)
        row = Proposal.objects.get(pk=proposal.pk)
        assert row.first_by == alone
        assert row.decided_by in others


def test_beside_comparisons_leave_one_decision() -> None:
    for _ in range(5):
        model, provider = served()
        proposal = proposed(provider, dearer())
        by = person()
        told = at_once(
            partial(deciding.approve, proposal.pk, by=by, reason="x"),
            partial(compare, provider, dearer()),
            partial(compare, provider, dearer()),
        )
        assert told == ["done"] * 3
        compare(provider, dearer())
        assert Proposal.objects.get(pk=proposal.pk).status == "approved"
        assert not Proposal.objects.filter(provider=provider, status="open").exists()
        assert len(costs(model, provider)) == 2
