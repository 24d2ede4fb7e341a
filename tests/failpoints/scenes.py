"""What must go on for a gateway to come by each of its failpoints."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import psycopg

from billing import leases
from kernel import clock, postgres

from .faults import Action, Fault
from .rig import Dead, Rig

__all__ = ["AT_START", "SCENES", "faults", "play"]

Scene = Callable[[Rig], None]
STREAMS = 3
TRIES, HIT_SECONDS = 4, 5.0


def _traffic(rig: Rig) -> None:
    with rig.calling(STREAMS, rig.quick, stream=False):
        pass


def _streams(rig: Rig) -> None:
    with rig.calling(STREAMS, rig.slow):
        pass


def _unlimited(rig: Rig) -> None:
    """Answers without a stated limit, whose holds grow with them."""
    with rig.calling(STREAMS, rig.slow, limited=False):
        pass


def _too_many(rig: Rig) -> None:
    newcomer = rig.newcomer(minute_cap=1)
    if rig.eventually(lambda: rig.answers(newcomer)):
        with rig.calling(STREAMS, rig.quick, who=newcomer, stream=False):
            pass


def _nobody_serves(rig: Rig) -> None:
    """An admission commits whose answer is lost, and is given back."""
    with rig.calling(1, rig.quick):
        pass
    rig.eventually(lambda: rig.who.open_requests() == 0)


def _reaped(rig: Rig) -> None:
    """A reaper takes the process for dead while its streams go on, so what they come to is a correction."""
    with rig.calling(STREAMS, rig.slow):
        rig.eventually(rig.begun)
        began = time.time()
        leases.reap(clock.now() + timedelta(hours=1))
    rig.outages.append((began, time.time()))


def _locked(rig: Rig) -> None:
    """The account's row is held while streams end: they go to the journal, and from there to the database."""
    with rig.calling(STREAMS, rig.slow) as calls:
        if rig.eventually(rig.begun):
            with psycopg.connect(postgres.conninfo()) as apart:
                held = [rig.who.workspace.pk]
                apart.execute("SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", held)
                calls.join()
    rig.eventually(lambda: rig.who.open_requests() == 0)


def _start(rig: Rig) -> None:
    """It happens while the process starts."""


SCENES: Mapping[str, Scene] = {
    **dict.fromkeys(("admit.begun", "admit.taken", "settle.begun", "settle.written"), _traffic),
    **dict.fromkeys(("checkpoint.begun", "checkpoint.written"), _streams),
    **dict.fromkeys(("heartbeat.begun", "heartbeat.written"), _streams),
    **dict.fromkeys(("extend.begun", "extend.written"), _unlimited),
    "admit.read": _too_many,
    "orphan.found": _nobody_serves,
    **dict.fromkeys(("settle.looked_up", "correct.begun", "correct.written"), _reaped),
    **dict.fromkeys(("journal.begun", "journal.written", "journal.synced"), _locked),
    **dict.fromkeys(("journal.answered", "journal.emptied"), _locked),
    **dict.fromkeys(("journal.made", "journal.taken_over", "journal.removed"), _start),
}
AT_START = frozenset(point for point, scene in SCENES.items() if scene is _start)


def faults(point: str, action: Action) -> list[Fault]:
    """Return the plan for one failpoint: what is to happen at it, and what must happen before for it to be reached."""
    before = [Fault("admit.begun", "deaf")] if point == "orphan.found" else []
    return [*before, Fault(point, action)]


def play(rig: Rig, point: str, action: Action) -> bool:
    """Play the scene of a failpoint with a fault there; tell whether it happened, and left the process as it should."""
    planned, since, began = faults(point, action), len(rig.happened()), time.time()
    if point in AT_START:
        rig.kill()  # so that there is a journal of a dead process
        with suppress(Dead):
            rig.start(planned)
    else:
        rig.alive()
        rig.plan.write(planned)
    for _ in range(TRIES):  # connections that were lost before are noticed when they are used
        SCENES[point](rig)
        if happened := rig.hit(planned[-1], since, within=HIT_SECONDS):
            break
    if action == "kill":
        return happened and rig.died()
    rig.alive()
    rig.outages.append((began, time.time()))
    return happened
