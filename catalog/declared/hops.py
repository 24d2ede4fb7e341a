"""How a chain follows the file: a difference makes a new version, which is published or refused as any other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from catalog import chains
from catalog.models import Chain, Endpoint, Hop, Model

from . import book, shape
from .run import Run

__all__ = ["chain", "endpoints", "live"]

NOTE = "From a catalogue file."
_COLUMNS = tuple(field.column for field in shape.HOP)
Place = tuple[Endpoint, dict[str, Any]]


def live(models: Sequence[Model]) -> Mapping[int, Sequence[Place]]:
    """Return the hops of the live chains of some models, by model."""
    found: dict[int, list[Place]] = defaultdict(list)
    hops = Hop.objects.filter(chain__model__in=models, chain__status=Chain.Status.LIVE)
    for hop in hops.select_related("chain", "endpoint__provider").order_by("position"):
        found[hop.chain.model_id].append(
            (hop.endpoint, {column: getattr(hop, column) for column in _COLUMNS})
        )
    return found


def endpoints() -> Mapping[tuple[str, str], Endpoint]:
    """Return all endpoints, by the provider's slug and their name."""
    rows = Endpoint.objects.select_related("provider")
    return {(endpoint.provider.slug, endpoint.name): endpoint for endpoint in rows}


def chain(
    run: Run,
    model: Model,
    stated: book.Chain,
    before: Sequence[Place],
    endpoints: Mapping[tuple[str, str], Endpoint],
) -> None:
    """Publish a new version of a model's chain if the hops of the live one, `before`, are not what the file says."""
    places = [_place(run, hop, endpoints) for hop in stated.hops]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return
    if list(before) == known:
        return
    draft = _draft(model, known)
    try:
        chains.publish(draft)
    except chains.ChainRefused as refusal:
        for reason in refusal.reasons:
            hop = stated.hops[reason.hop - 1].entry if reason.hop else stated
            run.problems.add(hop.node, str(reason))
        return
    if not before:
        run.added(stated.node, _road(known))
    else:
        run.changed(stated.node, f"version {draft.version}: {_road(before)} → {_road(known)}")


def _place(run: Run, hop: book.Hop, endpoints: Mapping[tuple[str, str], Endpoint]) -> Place | None:
    endpoint = endpoints.get((hop.provider, hop.endpoint))
    if endpoint is None:
        run.problems.add(
            hop.entry.nodes["to"], f"there is no endpoint {hop.endpoint} of a provider {hop.provider}"
        )
        return None
    return endpoint, {column: hop.entry.values[column] for column in _COLUMNS}


def _draft(model: Model, places: Sequence[Place]) -> Chain:
    draft = Chain.objects.create(model=model, version=chains.next_version(model.pk), note=NOTE)
    Hop.objects.bulk_create(
        Hop(chain=draft, position=position, endpoint=endpoint, **columns)
        for position, (endpoint, columns) in enumerate(places, start=1)
    )
    return draft


def _road(places: Sequence[Place]) -> str:
    return ", ".join(_stop(endpoint, columns) for endpoint, columns in places)


def _stop(endpoint: Endpoint, columns: dict[str, Any]) -> str:
    more = [
        f"{field.name} {columns[field.column]}"
        for field in shape.HOP
        if field.column in shape.HOP_DEFAULTS and columns[field.column] != shape.HOP_DEFAULTS[field.column]
    ]
    return f"{endpoint} {columns['upstream_model']}{' (' + ', '.join(more) + ')' if more else ''}"
