"""When providers were in trouble: spans of five-minute slots that were judged degraded or down, with what went wrong."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from .beats import Beats, State, total

__all__ = ["READ", "SLOT", "Incident", "Slot", "assemble", "slots"]

SLOT = 5
"""Minutes that are judged together: as many as uptime_last_5m looks at."""
_TROUBLE = (State.DEGRADED, State.DOWN)
_JOINED_SLOTS = 2  # one slot in health between two in trouble is a pause of the same trouble

# Gives slots in which anything failed, of the providers' own rows from a minute on.
READ = f"""
SELECT provider_id, begins / {SLOT} AS slot,
  min(begins) FILTER (WHERE failing), max(begins) FILTER (WHERE failing),
  sum(calls)::bigint, sum(timeouts)::bigint, sum(rate_limited)::bigint, sum(refused_keys)::bigint, sum(errors)::bigint,
  sum(checks)::bigint, sum(checks_failed)::bigint, sum(checks_refused)::bigint
FROM (SELECT *, timeouts + rate_limited + refused_keys + errors + checks_failed + checks_refused > 0 AS failing
      FROM billing_health WHERE span = 1 AND model_id = 0 AND begins >= %s) minutes
GROUP BY 1, 2 HAVING bool_or(failing) ORDER BY 1, 2"""


@dataclass(frozen=True, slots=True)
class Slot:
    """Five minutes of one provider in which something failed: the slot's number, and the failing minutes at its ends."""

    provider_id: int
    number: int
    first: int
    last: int
    beats: Beats


@dataclass(frozen=True, slots=True)
class Incident:
    """A span in which a provider was in trouble, in minutes since 1970, UTC; `ended` is None while it lasts."""

    provider_id: int
    began: int
    ended: int | None
    worst: State
    beats: Beats


def slots(provider_id: int, minutes: Iterable[tuple[int, Beats]]) -> Iterator[Slot]:
    """Give the slots in which anything failed, of a provider's minutes."""
    parts: dict[int, list[tuple[int, Beats]]] = defaultdict(list)
    for minute, beats in minutes:
        parts[minute // SLOT].append((minute, beats))
    for number, theirs in parts.items():
        failing = [
            minute
            for minute, beats in theirs
            if beats.failures or beats.checks_failed or beats.checks_refused
        ]
        if failing:
            whole = total(beats for _, beats in theirs)
            yield Slot(provider_id, number, min(failing), max(failing), whole)


def assemble(found: Iterable[Slot], *, minute: int, lasting: Mapping[int, State]) -> tuple[Incident, ...]:
    """Return the incidents in the slots found, the newest first; `lasting` tells how providers in trouble now are.

    The slots come in the order of their providers and numbers.
    """
    troubled = [slot for slot in found if slot.beats.state in _TROUBLE]
    told = [
        _incident(span, present=minute // SLOT, state=lasting.get(provider))
        for provider, theirs in groupby(troubled, key=lambda slot: slot.provider_id)
        for span in _spans(theirs)
    ]
    return tuple(sorted(told, key=lambda incident: (-incident.began, incident.provider_id)))


def _spans(troubled: Iterable[Slot]) -> list[list[Slot]]:
    spans: list[list[Slot]] = []
    for slot in troubled:
        if spans and slot.number - spans[-1][-1].number <= _JOINED_SLOTS:
            spans[-1].append(slot)
        else:
            spans.append([slot])
    return spans


def _incident(span: list[Slot], *, present: int, state: State | None) -> Incident:
    lasts = state is not None and present - span[-1].number <= _JOINED_SLOTS
    # The last five minutes seldom are one slot: what is down in them may be degraded in each of two slots.
    states = {slot.beats.state for slot in span} | ({state} if lasts else set())
    return Incident(
        provider_id=span[0].provider_id,
        began=span[0].first,
        ended=None if lasts else span[-1].last + 1,
        worst=State.DOWN if State.DOWN in states else State.DEGRADED,
        beats=total(slot.beats for slot in span),
    )
