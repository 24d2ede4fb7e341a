"""Parts: each is heard by all, and where no sweep ends its cause is named."""

from collections.abc import Mapping

import pytest

from billing import parts
from billing.models import Part
from billing.parts import Heard
from kernel import clock, modes
from kernel.modes import Mode

SENDS, CANNOT_SEND = {"sends_for": 12.0}, {"sends_for": None}


def beat(silent: float, said: Mapping[str, float | None] = SENDS) -> Heard:
    return Heard("beat", "here", 1, silent, said)


def sweep(silent: float) -> Heard:
    return Heard("sweep", "here", 2, silent)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ([beat(1), sweep(59)], None),
        ([beat(61), sweep(59)], None),
        ([sweep(60)], None),
        ([], modes.BEAT),
        ([beat(61), sweep(61)], modes.BEAT),
        ([beat(1)], modes.WORKER),
        ([beat(1), sweep(61)], modes.WORKER),
        ([beat(1, CANNOT_SEND), sweep(61)], modes.BROKER),
        ([beat(1, CANNOT_SEND), beat(1), sweep(61)], modes.WORKER),
        ([beat(1, CANNOT_SEND), beat(61), sweep(61)], modes.BROKER),
    ],
)
def test_the_cause_of_missing_sweeps_is_named(known: list[Heard], why: Mode | None) -> None:
    assert parts.unswept(known, watched=61) is why


def test_of_the_time_before_somebody_looked_nothing_is_said() -> None:
    assert parts.unswept([], watched=59) is None


@pytest.mark.django_db
def test_who_tells_is_heard_with_what_it_said_last() -> None:
    Part.objects.all().delete()
    parts.tell("beat", CANNOT_SEND, name="one")
    parts.tell("beat", SENDS, name="one")
    parts.tell("beat", SENDS, name="other")
    parts.tell("sweep")
    known = sorted(parts.heard(), key=lambda part: part.kind)
    assert [(part.kind, dict(part.said)) for part in known] == [
        ("beat", SENDS),
        ("beat", SENDS),
        ("sweep", {}),
    ]
    assert all(0 <= part.silent < 60 for part in known)


@pytest.mark.django_db
def test_who_was_silent_for_a_day_is_forgotten() -> None:
    Part.objects.all().delete()
    parts.tell("web", {"modes": []}, name="living")
    parts.tell("web", {"modes": []}, name="dead")
    Part.objects.filter(name="web dead").update(heard_at=clock.now() - 1.1 * parts.REMEMBERED)
    assert parts.forget(clock.now()) == 1
    assert Part.objects.get().name == "web living"


@pytest.mark.django_db
def test_figures_are_read_of_the_web_processes_of_this_machine() -> None:
    Part.objects.all().delete()
    parts.tell("web", {"figures": {"a": 1}}, name="here")
    parts.tell("web", {}, name="without")
    Part.objects.filter(name="web without").update(pid=1)
    for name, changed in (
        ("elsewhere", {"host": "other"}),
        ("old", {"heard_at": clock.now() - parts.REMEMBERED}),
    ):
        parts.tell("web", {"figures": {"a": 2}}, name=name)
        Part.objects.filter(name=f"web {name}").update(pid=2, **changed)
    assert parts.figures() == {parts.place()[1]: {"a": 1}}


def test_a_web_process_that_is_silent_says_nothing_any_more() -> None:
    known = [Heard("web", "here", 1, 21), Heard("web", "here", 2, 1), beat(1)]
    assert [part.pid for part in parts.webs(known)] == [2]
