"""The routes on a workspace's books: what moved on its account, in plain words, and the papers that were issued to it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.powers import Power
from accounts.rest_route import wrong
from billing.models import Paper
from billing.paper import movements
from billing.paper.shelf import shelf
from kernel import clock

from .document import tells
from .door import Managed, principal
from .fields import PAGED, Usd, paged

__all__ = ["Ledger", "Papers"]


class MovementTold(serializers.Serializer[movements.Booking]):
    """One movement: positive is credit, negative is what was used or taken back; `number` counts up without gaps."""

    number = serializers.IntegerField(source="seq")
    day = serializers.DateField(help_text="The UTC day on whose statement it is.")
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    what = serializers.CharField(help_text="The kind in a customer's words.")
    amount = Usd()
    balance = Usd(source="balance_after")


class LedgerTold(serializers.Serializer[Any]):
    """Movements, the newest first; `next` goes on, null at the end."""

    data = MovementTold(many=True)  # type: ignore[assignment]  # a field: no `data` of the class is left
    next = serializers.CharField(allow_null=True)


class PaperTold(serializers.Serializer[Any]):
    """A paper; credit notes are negative."""

    id = serializers.UUIDField(source="paper.id")
    kind = serializers.ChoiceField(Paper.Kind.values, source="paper.kind")
    number = serializers.CharField(source="paper.label")
    period_start = serializers.DateField(source="paper.period_start", allow_null=True)
    period_end = serializers.DateField(source="paper.period_end", allow_null=True)
    amount = Usd()
    issued_at = serializers.DateTimeField(source="paper.issued_at")


class PapersTold(serializers.Serializer[Any]):
    """Papers, the newest first, 25 at a time; `next` is the number of the next page, null at the end."""

    data = PaperTold(many=True)  # type: ignore[assignment]  # a field: no `data` of the class is left
    next = serializers.CharField(allow_null=True)


class Ledger(Managed):
    """The account."""

    powers = {"get": Power.PAY}
    asks = frozenset({"limit", "before"})

    @tells(LedgerTold, name="list_movements", asked=PAGED)
    def get(self, request: Request) -> Response:
        """List what moved on the account, the newest first. Usage is booked by charge number and UTC day."""
        many, before = paged(request)
        found = movements.booked(principal(request).workspace.pk, before=before, limit=many + 1)
        following = str(found[many - 1].seq) if len(found) > many else None
        return Response(LedgerTold({"data": found[:many], "next": following}).data)


class Papers(Managed):
    """The papers."""

    powers = {"get": Power.PAY}
    asks = frozenset({"before"})

    @tells(PapersTold, name="list_papers", asked=PAGED[1:])
    def get(self, request: Request) -> Response:
        """List receipts, credit notes and monthly statements, the newest first."""
        _, before = paged(request)
        now = clock.now()
        page = 1 if before is None else before
        found = shelf(principal(request).workspace.pk, page=page, now=now, exports_from=now.date())
        if page != found.leaf.number:
            raise wrong("before", "`next` of the page before.")
        following = str(page + 1) if found.leaf.has_next() else None
        return Response(PapersTold({"data": found.lines, "next": following}).data)
