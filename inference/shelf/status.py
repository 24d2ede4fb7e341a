"""What anybody may know of the service: how its providers and models are and were, and the settings of money."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from billing.beats import State
from billing.incidents import Incident
from billing.vitals import Health, Window
from catalog.pricing import PPM
from catalog.snapshot import Catalogue, Hop
from kernel import clock, degraded

from .. import routing
from .visible import Listed, Shelf

__all__ = ["INCIDENT_STATES", "served_by", "settings", "status", "together"]

USD_PER_CREDIT = "1"
INCIDENT_STATES = ("ongoing", "resolved")
_EVERY_RANK = 2**15
_WRONG = (
    ("errors", "with an error"),
    ("timeouts", "without an answer in time"),
    ("rate_limited", "over its rate limit"),
    ("refused_keys", "refused for our key"),
)


def status(shelf: Shelf, health: Health) -> dict[str, Any]:
    """Return the providers and models in sale with their health, and what was wrong in the last day, newest first.

    `degraded` says in words what Tollway itself does without at present.
    """
    served = [(listed, served_by(listed)) for listed in shelf.all()]
    houses = {hop.provider: hop.provider_id for _, hops in served for hop in hops}
    names = {number: name for name, number in houses.items()}
    told = [incident for incident in health.incidents() if incident.provider_id in names]
    return {
        "providers": [_house(name, houses[name], health) for name in sorted(houses)],
        "models": [_model(listed, hops, health) for listed, hops in served],
        "incidents": [_incident(incident, names[incident.provider_id], shelf) for incident in told],
        "degraded": [
            {"mode": held.mode.name, "description": held.mode.callers, "since": _told_at(held.since)}
            for held in degraded.current()
        ],
        "last_updated": _told_at(shelf.moment),
    }


def settings(catalogue: Catalogue) -> dict[str, Any]:
    """Return the platform's factor in force on every list price, and what one credit is in USD."""
    return {"cost_multiplier": _platform_ppm(catalogue) / PPM, "credit_unit": USD_PER_CREDIT}


def together(states: Iterable[State]) -> State:
    """Return how a model is that is served at places in these states, in the order in which they are tried.

    Operational if what answers first is; degraded if another has to, or nothing surely can; down if none can.
    """
    tried = list(states)
    known = [state for state in tried if state is not State.UNKNOWN]
    if not known or known[0] is State.OPERATIONAL:
        return known[0] if known else State.UNKNOWN
    return State.DOWN if all(state is State.DOWN for state in tried) else State.DEGRADED


def _house(name: str, provider_id: int, health: Health) -> dict[str, Any]:
    first_byte = health.at(provider_id, window=Window.HALF_HOUR).first_byte_ms()
    return {
        "name": name,
        "status": health.state(provider_id).value,
        "latency_ms": round(first_byte) if first_byte is not None else None,
    }


def _model(listed: Listed, hops: list[Hop], health: Health) -> dict[str, Any]:
    offer = listed.offer
    states = [health.of_model(hop.provider_id, offer.model_id) for hop in hops]
    return {
        "id": offer.public_id,
        "name": offer.name,
        "provider": hops[0].provider if hops else None,
        "tier": offer.tier,
        "status": together(states).value,
    }


def _incident(incident: Incident, provider: str, shelf: Shelf) -> dict[str, Any]:
    house = shelf.register.houses.get(provider)
    verb = "was" if incident.ended is not None else "has been"
    return {
        "id": f"{provider}-{incident.began}",
        "provider": provider,
        "title": f"{house.name if house is not None else provider} {verb} {incident.worst.value}",
        "description": _description(incident),
        "severity": incident.worst.value,
        "status": INCIDENT_STATES[incident.ended is not None],
        "created_at": _moment(incident.began),
        "resolved_at": _moment(incident.ended) if incident.ended is not None else None,
    }


def _description(incident: Incident) -> str:
    beats = incident.beats
    if not beats.calls:
        return f"{beats.checks_failed + beats.checks_refused} of {beats.checks} checks failed."
    kinds = [f"{count} {words}" for name, words in _WRONG if (count := getattr(beats, name))]
    return f"{beats.failures} of {beats.calls} calls failed: {', '.join(kinds)}."


def _told_at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _moment(minute: int) -> str:
    return clock.start_of_minute(minute).isoformat().replace("+00:00", "Z")


def served_by(listed: Listed) -> list[Hop]:
    """Return the upstreams that would be tried for anybody, whatever their plan, in order."""
    return routing.candidates(listed.offer.hops, rank=_EVERY_RANK)


def _platform_ppm(catalogue: Catalogue) -> int:
    moment = clock.now()
    for dated in catalogue.multipliers.get(("platform", ""), ()):
        if dated.valid_from <= moment and (dated.valid_until is None or moment < dated.valid_until):
            return dated.factor.ppm
    return PPM
