"""How a chain follows the file: a difference makes a new version, which is published or refused as any other."""

from collections.abc import Sequence
from typing import Any

from catalog import chains
from catalog.chain_checks import Fault
from catalog.models import Chain, Endpoint, Hop, Model

from . import book, shape
from .run import Run
from .tree import Node

__all__ = ["chain"]

NOTE = "From a catalogue file."
# What a model that is switched off need not have yet.
_MAY_WAIT = frozenset({Fault.NOT_CONFIGURED, Fault.NO_PRICE, Fault.NO_RATE})
_COLUMNS = tuple(field.column for field in shape.HOP)
Place = tuple[Endpoint, dict[str, Any]]


def chain(run: Run, model: Model, node: Node, stated: Sequence[book.Hop]) -> None:
    """Publish a new version of a model's chain if the live one is not what the file says."""
    places = [_place(run, hop) for hop in stated]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return
    live = Chain.objects.filter(model=model, status=Chain.Status.LIVE).first()
    before: list[Place] = []
    if live is not None:
        rows = Hop.objects.filter(chain=live).select_related("endpoint__provider").order_by("position")
        before = [(hop.endpoint, {column: getattr(hop, column) for column in _COLUMNS}) for hop in rows]
    if before == known:
        return
    draft = _draft(model, known)
    try:
        chains.publish(draft)
    except chains.ChainRefused as refusal:
        if model.active or not {reason.fault for reason in refusal.reasons} <= _MAY_WAIT:
            for reason in refusal.reasons:
                run.problems.add(stated[reason.hop - 1].entry.node if reason.hop else node, str(reason))
            return
        _lay(run, draft)
    if live is None:
        run.added(node, _road(known))
    else:
        run.changed(node, f"version {draft.version}: {_road(before)} → {_road(known)}")


def _place(run: Run, hop: book.Hop) -> Place | None:
    endpoint = (
        Endpoint.objects.select_related("provider")
        .filter(provider__slug=hop.provider, name=hop.endpoint)
        .first()
    )
    if endpoint is None:
        run.problems.add(
            hop.entry.nodes["to"], f"there is no endpoint {hop.endpoint} of a provider {hop.provider}"
        )
        return None
    return endpoint, {column: hop.entry.values[column] for column in _COLUMNS}


def _draft(model: Model, places: Sequence[Place]) -> Chain:
    draft = Chain.objects.create(model=model, version=chains.next_version(model.pk), note=NOTE)
    for position, (endpoint, columns) in enumerate(places, start=1):
        Hop.objects.create(chain=draft, position=position, endpoint=endpoint, **columns)
    return draft


def _lay(run: Run, draft: Chain) -> None:
    """Make the chain of a model that is switched off the live one, though a key or its price is still missing.

    So the demo's models wait for the keys of their providers. Nothing is sold meanwhile, and no file or operator
    can switch the model on before it has its price: the checks of the catalogue refuse that.
    """
    Chain.objects.filter(model_id=draft.model_id, status=Chain.Status.LIVE).update(
        status=Chain.Status.RETIRED
    )
    draft.status, draft.published_at = Chain.Status.LIVE, run.moment
    draft.save(update_fields=["status", "published_at"])


def _road(places: Sequence[Place]) -> str:
    return ", ".join(_stop(endpoint, columns) for endpoint, columns in places)


def _stop(endpoint: Endpoint, columns: dict[str, Any]) -> str:
    more = [
        f"{field.name} {columns[field.column]}"
        for field in shape.HOP
        if field.column in shape.HOP_DEFAULTS and columns[field.column] != shape.HOP_DEFAULTS[field.column]
    ]
    return f"{endpoint} {columns['upstream_model']}{' (' + ', '.join(more) + ')' if more else ''}"
