"""The routes on single requests: the list of the page Logs in pages, and one request with its reasons."""

from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from accounts.powers import Power
from accounts.rest_route import Refusal, wrong
from billing import reach, receipts
from billing.exploring import scope
from billing.logs.beside import shown
from billing.logs.conditions import conditions
from billing.logs.lines import Listed, Writer, listed
from billing.logs.marks import NOWHERE, Mark
from billing.logs.sought import CUSTOM, STANDING, STATUSES, STRETCHES, read
from kernel import clock

from .document import MISSING, tells
from .door import Managed, missing, principal
from .request_told import LineTold, RequestTold, line

__all__ = ["OneRequest", "Requests"]

_SEVERAL = ("model", "key", "provider", "tag", "code")
_LEAST = {"cost": "USD", "slower": "milliseconds", "tokens": "tokens"}


class RequestsTold(serializers.Serializer[Any]):
    """Requests, those that run first, then the newest; `next` goes on, null at the end.

    A page may be short, or empty, and go on all the same: it has looked through as many as it may.
    """

    data = LineTold(many=True)  # type: ignore[assignment]  # a field: no `data` of the class is left
    next = serializers.CharField(allow_null=True)


_ASKED = (
    OpenApiParameter(
        "range",
        str,
        enum=[*STRETCHES, CUSTOM],
        default=STANDING,
        description=f"How far back; with {CUSTOM}, `from` and `to`.",
    ),
    OpenApiParameter("from", str, description="A moment, as 2026-11-22T14:08+00:00."),
    OpenApiParameter("to", str, description="The first moment after."),
    OpenApiParameter("q", str, description="A part of a model's or a key's name."),
    OpenApiParameter("status", str, enum=list(STATUSES), many=True, description="Only those that ended so."),
    *(OpenApiParameter(name, str, many=True, description="Only these; at most 20.") for name in _SEVERAL),
    *(OpenApiParameter(name, str, description=f"At least so many {unit}.") for name, unit in _LEAST.items()),
    OpenApiParameter("charge", str, description="The requests of a charge number, whenever they were."),
    OpenApiParameter("before", str, description="`next` of the page before."),
)


class Requests(Managed):
    """The requests of a workspace, as far back as its plan shows them."""

    powers = {"get": Power.SEE}
    asks = frozenset({"range", "from", "to", "q", "status", "charge", "before", *_SEVERAL, *_LEAST})

    @tells(RequestsTold, name="list_requests", asked=_ASKED)
    def get(self, request: Request) -> Response:
        """List requests and refusals, 50 at a time."""
        asked, before = request.query_params, request.query_params.get("before")
        if "" in asked.getlist("status"):  # which a form leaves empty, and a script by mistake
            raise wrong("status", f"choose of {', '.join(STATUSES)}.")
        try:
            mark = Mark.read(before) if before else NOWHERE
            found, names = _page(principal(request).workspace, asked, mark)
        except ValueError as error:  # each begins with the field
            raise Refusal(400, "VALIDATION_ERROR", str(error)) from error
        rows = [line(row, names) for row in (*found.open, *found.ended)]
        following = str(found.older) if found.older else None
        return Response(RequestsTold({"data": rows, "next": following}).data)


class OneRequest(Managed):
    """One request."""

    powers = {"get": Power.SEE}

    @tells(RequestTold, name="read_request", refusals=MISSING)
    def get(self, request: Request, request_id: str) -> Response:
        """Tell one request, by its id or its answer's: how it went, what it cost and by which rule, or why it was refused."""
        number = receipts.request_of(request_id)
        found = shown(principal(request).workspace, number) if number is not None else None
        if found is None:
            raise missing("request")
        return Response(RequestTold(found).data)


def _page(workspace: Workspace, asked: Any, mark: Mark) -> tuple[Listed, Writer]:
    zone, now = ZoneInfo(workspace.time_zone), clock.now()
    sought = read(asked, zone=zone, now=now)
    names = scope.of(workspace.pk)
    within = reach.of(workspace.terms.retention_days)
    found = listed(conditions(workspace.pk, sought, names, reach=within), mark, first=mark == NOWHERE)
    return found, Writer(names, now, zone)
