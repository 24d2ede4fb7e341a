"""The routes below /api/ai on usage and credit, with the names and numbers that clients of grouped catalogues read."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from accounts.powers import Power
from accounts.rest_route import wrong
from billing import activity, reach
from billing.records import DEEPEST, Record, records
from billing.statements.cuts import EARLIEST, LATEST
from kernel import clock, money

from .document import tells
from .fields import AT_ONCE, MOST_AT_ONCE, number
from .key_door import Keyed, asker

__all__ = ["Credits", "Summary", "Usage"]

DAYS = 30
MOST_DAYS = 366


class RecordTold(serializers.Serializer[Any]):
    """One request; `cost` is in USD. `configId` is null: there are no presets."""

    id = serializers.UUIDField()
    configId = serializers.CharField(allow_null=True)
    modelId = serializers.CharField()
    promptTokens = serializers.IntegerField(min_value=0)
    completionTokens = serializers.IntegerField(min_value=0)
    totalTokens = serializers.IntegerField(min_value=0)
    cost = serializers.FloatField()
    createdAt = serializers.DateTimeField()
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField()
    inputModality = serializers.ListField(child=serializers.CharField())
    outputModality = serializers.ListField(child=serializers.CharField())


class RecordsTold(serializers.Serializer[Any]):
    """Requests, the newest first, and how many the days have in all."""

    records = RecordTold(many=True)
    total = serializers.IntegerField(min_value=0)


class UsedTold(serializers.Serializer[Any]):
    """What one model was used for; `cost` is in USD."""

    requests = serializers.IntegerField(min_value=0)
    tokens = serializers.IntegerField(min_value=0)
    cost = serializers.FloatField()


class SummaryTold(serializers.Serializer[Any]):
    """What the days come to, in all and by model."""

    totalRequests = serializers.IntegerField(min_value=0)
    totalTokens = serializers.IntegerField(min_value=0)
    totalCost = serializers.FloatField()
    byModel = serializers.DictField(child=UsedTold())


class CreditsTold(serializers.Serializer[Any]):
    """USD: what is left, and all that was ever used."""

    credits = serializers.FloatField()
    usage = serializers.FloatField()


_SPAN = (
    OpenApiParameter("startDate", str, description="The first UTC day, as 2026-11-01 or a moment of it."),
    OpenApiParameter("endDate", str, description="The last UTC day; today where it is left out."),
)
_PAGED = (
    OpenApiParameter("limit", int, description="How many at once, from 1 to 100.", default=AT_ONCE),
    OpenApiParameter("offset", int, description=f"How many to leave out, at most {DEEPEST}.", default=0),
)


class Usage(Keyed):
    """Requests as records."""

    powers = {"get": Power.SEE}
    asks = frozenset({"startDate", "endDate", "limit", "offset"})

    @tells(RecordsTold, name="list_ai_usage", asked=(*_SPAN, *_PAGED), keys=True)
    def get(self, request: Request) -> Response:
        """List requests of some UTC days, as far back as the plan shows them; the last 30 where none are named."""
        workspace = asker(request).workspace
        limit = _whole(request, "limit", AT_ONCE, least=1, greatest=MOST_AT_ONCE)
        offset = _whole(request, "offset", 0, least=0, greatest=DEEPEST)
        first, last = _span(request)
        first = max(first, reach.of(workspace.terms.retention_days).first_day)
        if first > last:
            return Response(RecordsTold({"records": [], "total": 0}).data)
        found = records(workspace.pk, first, last, limit=limit, offset=offset)
        total = sum(row.requests for row in activity.by_day(workspace.pk, first, last))
        return Response(RecordsTold({"records": [_record(row) for row in found], "total": total}).data)


class Summary(Keyed):
    """Usage in all."""

    powers = {"get": Power.SEE}
    asks = frozenset({"startDate", "endDate"})

    @tells(SummaryTold, name="read_ai_usage_summary", asked=_SPAN, keys=True)
    def get(self, request: Request) -> Response:
        """Tell what some UTC days come to, in all and by model; requests of this moment are in it."""
        return Response(SummaryTold(_summary(asker(request).workspace, *_span(request))).data)


class Credits(Keyed):
    """Credit."""

    powers = {"get": Power.SEE}

    @tells(CreditsTold, name="read_ai_credits", keys=True)
    def get(self, request: Request) -> Response:
        """Tell the credit that is left and all that was used, in USD."""
        found = activity.credit(asker(request).workspace.pk)
        return Response(CreditsTold({"credits": _usd(found.balance), "usage": _usd(found.used)}).data)


def _summary(workspace: Workspace, first: date, last: date) -> dict[str, Any]:
    models: dict[str, list[int]] = {}
    for row in activity.by_day(workspace.pk, first, last):
        sums = models.setdefault(row.model, [0, 0, 0])
        for place, value in enumerate((row.requests, row.prompt_tokens + row.completion_tokens, row.cost)):
            sums[place] += value
    requests, tokens, cost = (sum(sums[place] for sums in models.values()) for place in range(3))
    return {
        "totalRequests": requests,
        "totalTokens": tokens,
        "totalCost": _usd(cost),
        "byModel": {
            name: {"requests": requests, "tokens": tokens, "cost": _usd(cost)}
            for name, (requests, tokens, cost) in sorted(models.items())
        },
    }


def _record(row: Record) -> dict[str, Any]:
    return {
        "id": row.request_id,
        "configId": None,
        "modelId": row.model,
        "promptTokens": row.prompt_tokens,
        "completionTokens": row.completion_tokens,
        "totalTokens": row.prompt_tokens + row.completion_tokens,
        "cost": _usd(row.cost),
        "createdAt": row.at,
        "provider": row.provider,
        "model": row.model,
        "inputModality": row.takes,
        "outputModality": row.makes,
    }


def _usd(nano: int) -> float:
    return nano / money.NANO_PER_USD


def _span(request: Request) -> tuple[date, date]:
    last = _day(request, "endDate") or clock.utc_day(clock.now())
    first = _day(request, "startDate") or last - timedelta(days=DAYS - 1)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise wrong("startDate", f"a day up to endDate, at most {MOST_DAYS - 1} days before it.")
    return first, last


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        found = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        found = date.min
    if not EARLIEST <= found <= LATEST:
        raise wrong(name, "a day, as 2026-11-01, or a moment, as 2026-11-01T12:00:00Z.")
    return found


def _whole(request: Request, name: str, standing: int, *, least: int, greatest: int) -> int:
    found = number(request.query_params.get(name, str(standing)))
    if found is None or not least <= found <= greatest:
        raise wrong(name, f"a whole number from {least} to {greatest}.")
    return found
