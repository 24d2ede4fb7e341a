"""The route on usage: the question of the page Activity, and the rows that its files have, which add up to the total."""

from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.powers import Power
from accounts.rest_route import Refusal, wrong
from billing.exploring import export, scope, tally
from billing.exploring.metrics import METRICS
from billing.exploring.question import GROUPS, STEPS, read
from billing.exploring.stretches import CUSTOM, STRETCHES
from kernel import clock

from .document import tells
from .door import Managed, principal

__all__ = ["Usage"]

_ONLY = ("key", "model", "provider", "tag")


class Used(serializers.Serializer[Any]):
    """What some requests came to: how many, how many failed, tokens by class, USD."""

    usd_exact = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields: one for each count."""
        counts = {name: serializers.IntegerField(min_value=0) for name in export.MEASURES}
        return {**counts, **super().get_fields()}


class UsedRow(Used):
    """The same of one step and one key, model, provider or tag; or, with `of`, of all."""

    begins = serializers.CharField()
    ends = serializers.CharField()
    others = serializers.IntegerField(help_text="Of how many together, beyond those told apart; else 0.")
    of = serializers.CharField(required=False)
    key = serializers.CharField(required=False)
    model = serializers.CharField(required=False)
    provider = serializers.CharField(required=False)
    tag = serializers.CharField(required=False)


class UsageTold(serializers.Serializer[Any]):
    """What was asked, and its rows: none is the sum of others, all of them together are `total`."""

    metric = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    zone = serializers.CharField(help_text="Whose days they are: UTC where no others are kept so far back.")
    per = serializers.CharField()
    by = serializers.CharField()
    note = serializers.CharField(
        allow_blank=True, help_text="Where it is told by another step than was asked."
    )
    rows = UsedRow(many=True)
    total = Used()


def _choice(name: str, choices: Any, standing: str, told: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, enum=list(choices), default=standing, description=told)


def _several(name: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, many=True, description="Only these; at most 20.")


_ASKED = (
    _choice("metric", METRICS, "spend", "By what those told apart are chosen: the greatest are."),
    _choice("by", GROUPS, "model", "What is told apart."),
    _choice("per", STEPS, "day", "Hours reach back 89 days, 31 at a time."),
    _choice("range", (*STRETCHES, CUSTOM), "30d", "Which days."),
    OpenApiParameter("first", str, description=f"With range={CUSTOM}: the first day, as 2026-11-01."),
    OpenApiParameter("last", str, description=f"With range={CUSTOM}: the last day."),
    OpenApiParameter("zone", str, enum=["utc"], description="Days of UTC, not of the workspace's time zone."),
    *map(_several, _ONLY),
)


class Usage(Managed):
    """What a workspace used."""

    powers = {"get": Power.SEE}
    asks = frozenset({"metric", "by", "per", "range", "first", "last", "zone", *_ONLY})

    @tells(UsageTold, name="read_usage", asked=_ASKED)
    def get(self, request: Request) -> Response:
        """Tell usage by step and by key, model, provider or tag; requests of this moment are in it."""
        asks, asked = principal(request), request.query_params
        if asked.get("zone", "utc") != "utc":
            raise wrong("zone", "utc, or leave it out for the workspace's own.")
        try:
            question = read(asked, zone=ZoneInfo(asks.workspace.time_zone), now=clock.now())
            only = scope.of(asks.workspace.pk).only(question.narrowed)
            found = tally.ask(asks.workspace.pk, question, only).found
        except ValueError as error:  # each begins with the field
            raise Refusal(400, "VALIDATION_ERROR", str(error)) from error
        told = {"metric": question.metric.key, "note": question.note, **export.told(found, question)}
        return Response(UsageTold(told).data)
