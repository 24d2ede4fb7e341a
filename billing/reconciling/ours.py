"""What we have of an upstream: its requests by their ids, and its sums by day and model as it calls them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from uuid import UUID

from django.db import connection

from billing import sums as measures
from catalog.models import Hop, Model
from kernel import clock, ids

from .matching import Had

__all__ = ["called", "requests", "sums"]

_IDS_AT_ONCE = 2_000
_LAST_REVISION = 255

_REQUESTS = f"""
SELECT asked.id, min(e.minute_no), min(e.model_id), count(*) FILTER (WHERE e.rev = 0),
    sum({measures.PROMPT})::bigint, sum({measures.COMPLETION})::bigint, sum(e.provider_cost)::bigint
FROM unnest(%s::uuid[], %s::uuid[]) AS asked (id, last)
JOIN billing_usage_event e ON e.id >= asked.id AND e.id <= asked.last AND e.provider_id = %s
GROUP BY asked.id"""
_SUMS = f"""
SELECT day, model_id, sum(requests)::bigint, sum({measures.PROMPT})::bigint, sum({measures.COMPLETION})::bigint,
    sum(provider_cost)::bigint
FROM billing_daily_usage WHERE provider_id = %s AND day BETWEEN %s AND %s GROUP BY day, model_id"""


def called(provider_id: int) -> tuple[Mapping[str, str], Mapping[int, str]]:
    """Return what leads from an upstream's names of models to one name each, and that name by our models.

    The name is the first that a chain of ours calls the model by there; ours where none does.
    """
    names = dict(Model.objects.values_list("pk", "public_id"))
    hops = Hop.objects.filter(endpoint__provider_id=provider_id).order_by("-chain__version", "position", "pk")
    by_model: dict[int, str] = {}
    leads: dict[str, str] = {}
    for model, upstream in hops.values_list("chain__model_id", "upstream_model"):
        by_model.setdefault(model, upstream)
        leads.setdefault(upstream, by_model[model])
    for model, public in names.items():
        leads.setdefault(public, by_model.setdefault(model, public))
    return leads, by_model


def requests(
    provider_id: int, asked: Sequence[UUID], named: Mapping[int, str]
) -> dict[UUID, tuple[date, str, Had]]:
    """Return those of the requests that this upstream served, with all their revisions: day, model, what they used."""
    found: dict[UUID, tuple[date, str, Had]] = {}
    for some in _some(asked):
        ends = [ids.revision_id(request, _LAST_REVISION) for request in some]
        with connection.cursor() as cursor:
            cursor.execute(_REQUESTS, [some, ends, provider_id])
            for request, minute, model, *used in cursor.fetchall():
                found[request] = (clock.day_of_minute(minute), named.get(model, f"model {model}"), Had(*used))
    return found


def sums(provider_id: int, first: date, last: date, named: Mapping[int, str]) -> dict[tuple[date, str], Had]:
    """Return all that was posted of an upstream on the UTC days first to last, by day and model as it calls it."""
    found: dict[tuple[date, str], Had] = defaultdict(Had)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [provider_id, first, last])
        for day, model, *used in cursor.fetchall():
            name = named.get(model, f"model {model}")
            found[day, name] = found[day, name].plus(Had(*used))
    return dict(found)


def _some(asked: Sequence[UUID]) -> Iterator[list[UUID]]:
    each = iter(sorted(set(asked)))
    while some := list(islice(each, _IDS_AT_ONCE)):
        yield some
