"""How the service is, as anybody is told: every model and upstream now and over thirty days, and what was announced."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.announcing import past
from billing.announcing.past import Told
from billing.beats import State
from billing.models import Announcement
from billing.uptime import Fared, Record
from kernel import degraded
from kernel.degraded import Held

from ..shelf.status import served_by, together
from ..shelf.visible import Listed, Shelf
from .goods import Faring

__all__ = ["Row", "Service", "service"]

MOST_TOLD = 5
_WORST_FIRST = (State.DOWN, State.DEGRADED, State.OPERATIONAL, State.UNKNOWN)
_WORDS = {
    State.OPERATIONAL: "Answers",
    State.DEGRADED: "Degraded",
    State.DOWN: "Down",
    State.UNKNOWN: "Not called lately",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A model or an upstream: what it is called, how it is now, how it fared. `name` is a model's id."""

    title: str
    name: str
    state: State
    faring: Faring

    @property
    def says(self) -> str:
        """How it is now, in words."""
        return _WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Service:
    """The whole page."""

    models: Sequence[Row]
    upstreams: Sequence[Row]
    without: Sequence[Held]
    told: Sequence[Told]

    @property
    def called(self) -> list[Row]:
        """The models that somebody called in thirty days, those in trouble first."""
        found = [row for row in self.models if row.faring.known.share is not None]
        return sorted(found, key=lambda row: _WORST_FIRST.index(row.state))

    @property
    def quiet(self) -> list[Row]:
        """The models that nobody called in thirty days, of which nothing is known."""
        return [row for row in self.models if row.faring.known.share is None]

    @property
    def state(self) -> State:
        """The worst that a customer meets: of upstreams another may answer, so they do not count."""
        states = {row.state for row in self.models}
        if State.DOWN in states:
            return State.DOWN
        if State.DEGRADED in states or self._something_else:
            return State.DEGRADED
        return State.OPERATIONAL if State.OPERATIONAL in states else State.UNKNOWN

    @property
    def title(self) -> str:
        """The state in a sentence."""
        down = sum(row.state is State.DOWN for row in self.models)
        slow = sum(row.state is State.DEGRADED for row in self.models)
        if down:
            return "1 model does not answer" if down == 1 else f"{down:,} models do not answer"
        if slow == 1:
            return "1 model answers less well than it should"
        if slow:
            return f"{slow:,} models answer less well than they should"
        if self._something_else:
            return "Models answer; something else is wrong"
        return "Every model answers" if self.state is State.OPERATIONAL else "Nobody has called lately"

    @property
    def _something_else(self) -> bool:
        return bool(self.without) or any(told.on for told in self.told)


def service(shelf: Shelf, record: Record) -> Service:
    """Return what is told, by what was counted."""
    concerns = [
        told for told in past.read(None).told if told.announcement.severity != Announcement.Severity.NEWS
    ]
    return Service(
        models=[_model(listed, record) for listed in shelf.all()],
        upstreams=_upstreams(shelf, record),
        without=tuple(degraded.current()),
        told=concerns[:MOST_TOLD],
    )


def _model(listed: Listed, record: Record) -> Row:
    offer = listed.offer
    places = dict.fromkeys((hop.provider_id, offer.model_id) for hop in served_by(listed))
    now = together(record.of([place]).now for place in places)
    return Row(offer.name, offer.public_id, now, Faring(record.of(places)))


def _upstreams(shelf: Shelf, record: Record) -> list[Row]:
    served: dict[str, set[tuple[int, int]]] = {}
    for listed in shelf.all():
        for hop in served_by(listed):
            served.setdefault(hop.provider, set()).add((hop.provider_id, listed.offer.model_id))
    return [_upstream(shelf, slug, record.of(sorted(places))) for slug, places in sorted(served.items())]


def _upstream(shelf: Shelf, slug: str, fared: Fared) -> Row:
    house = shelf.register.houses.get(slug)
    return Row(house.name if house is not None else slug, "", fared.now, Faring(fared))
