"""Upstreams that need somebody: places that are left alone for minutes, and keys of ours that were refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.urls import reverse

from billing import broker

from .item import Item, Weight

__all__ = ["OPEN_FOR", "find_breakers", "find_keys", "open_places"]

OPEN_FOR = timedelta(minutes=5)
"""A place that is left alone for so long does not come back by itself soon."""
_MOST = 50
_PLACES = """
SELECT e.id, e.name, p.id, p.name, h.upstream_model, array_agg(DISTINCT m.public_id) FILTER (WHERE m.id IS NOT NULL)
FROM unnest(%s::bigint[], %s::text[]) h (endpoint_id, upstream_model)
JOIN catalog_endpoint e ON e.id = h.endpoint_id
JOIN catalog_provider p ON p.id = e.provider_id
LEFT JOIN catalog_hop hop ON hop.endpoint_id = e.id AND hop.upstream_model = h.upstream_model
    AND hop.chain_id IN (SELECT id FROM catalog_chain WHERE status = 'live')
LEFT JOIN catalog_chain c ON c.id = hop.chain_id LEFT JOIN catalog_model m ON m.id = c.model_id
GROUP BY 1, 2, 3, 4, 5"""
_KEYS = """
SELECT k.id, k.name, k.set_aside_at, k.set_aside_reason, e.name, p.name,
    NOT EXISTS (SELECT FROM catalog_endpointkey o WHERE o.endpoint_id = e.id AND o.active AND o.set_aside_at IS NULL)
FROM catalog_endpointkey k JOIN catalog_endpoint e ON e.id = k.endpoint_id
JOIN catalog_provider p ON p.id = e.provider_id
WHERE k.active AND k.set_aside_at IS NOT NULL ORDER BY k.set_aside_at LIMIT %s"""


def open_places(said: broker.Said, now: datetime) -> list[broker.Left]:
    """Return the places that are left alone now."""
    return [place for place in said.places if place.until > now.timestamp()]


def find_breakers(
    now: datetime, *, open_for: timedelta = OPEN_FOR, said: broker.Said | None = None
) -> Sequence[Item]:
    """Return the places that have been left alone for so long, as Redis said or says now. One query."""
    lasting = [
        place
        for place in (said or broker.ask()).places
        if now.timestamp() - place.since >= open_for.total_seconds() and place.until > now.timestamp() - 3600
    ][:_MOST]
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACES, [[place.endpoint_id for place in lasting], [place.upstream_model for place in lasting]]
        )
        known = {(row[0], row[4]): row for row in cursor.fetchall()}
    return [
        _breaker(place, known[place.endpoint_id, place.upstream_model], now)
        for place in lasting
        if (place.endpoint_id, place.upstream_model) in known
    ]


def _breaker(
    place: broker.Left, row: tuple[int, str, int, str, str, list[str] | None], now: datetime
) -> Item:
    _, endpoint, provider_id, provider, upstream_model, models = row
    since = datetime.fromtimestamp(place.since, UTC)
    minutes = int((now - since).total_seconds()) // 60
    affected = ", ".join((models or [])[:2]) or "no live chain"
    more = f" and {len(models) - 2} more" if models and len(models) > 2 else ""
    return Item(
        key=f"breaker:{place.endpoint_id}:{upstream_model}",
        weight=Weight.FAILS,
        title=f"Breaker open {minutes} min" if minutes < 120 else f"Breaker open {minutes // 60} h",
        detail=f"{provider}, {endpoint}: {affected}{more}",
        since=since,
        stake=None,
        verb="Switch chain" if models else "Look",
        url=f"{reverse('admin:catalog_chain_changelist')}?q={models[0]}"
        if models
        else reverse("admin:catalog_provider_change", args=[provider_id]),
        seen_by="catalog.view_chain",
        measure=minutes,
    )


def find_keys(now: datetime) -> Sequence[Item]:
    """Return the keys of ours that a provider refused. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, [_MOST])
        rows = cursor.fetchall()
    return [
        Item(
            key=f"key:{row_id}",
            weight=Weight.FAILS if last else Weight.WARNS,
            title="The last key of an endpoint was refused" if last else "A key of ours was refused",
            detail=f"{provider}, {endpoint}, {name}: {reason}",
            since=set_aside_at,
            stake=None,
            verb="Mend",
            url=reverse("admin:catalog_endpointkey_change", args=[row_id]),
            seen_by="catalog.view_endpointkey",
        )
        for row_id, name, set_aside_at, reason, endpoint, provider, last in rows
    ]
