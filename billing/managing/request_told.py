"""What the management API tells of single requests: a line of the list, and one in full with its reasons."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.explanations import Explanation, Line
from billing.logs.beside import Shown
from billing.logs.lines import Writer
from billing.logs.pane import Pane
from billing.logs.reading import Open, Refused, Settled
from billing.receipts import Posting
from billing.refusals import Refusal
from catalog.pricing import Factor

from .fields import Usd

__all__ = ["LineTold", "RequestTold", "line"]

_KINDS = ("settled", "refused", "open")


class LineTold(serializers.Serializer[Any]):
    """One request; what is not known of its kind is null. `at` is when it ended, was refused, or began."""

    request_id = serializers.UUIDField()
    kind = serializers.ChoiceField(_KINDS)
    at = serializers.DateTimeField()
    status = serializers.CharField(allow_null=True, help_text="How it ended.")
    http_status = serializers.IntegerField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_blank=True)
    key = serializers.CharField()
    provider = serializers.CharField(allow_null=True)
    tokens = serializers.IntegerField(allow_null=True)
    first_token_ms = serializers.IntegerField(allow_null=True)
    cost = Usd(allow_null=True)
    held = Usd(allow_null=True)


def line(row: Settled | Refused | Open, names: Writer) -> dict[str, Any]:
    """Return a row of the list as LineTold tells it."""
    told: dict[str, Any] = dict.fromkeys(LineTold().fields) | {
        "request_id": row.request_id,
        "at": row.at,
        "key": names.name("key", row.api_key_id),
    }
    if isinstance(row, Refused):
        return told | {"kind": "refused", "model": row.model, "error_code": row.code}
    told |= {
        "model": names.name("model", row.model_id),
        "provider": names.name("provider", row.provider_id) if row.provider_id else None,
        "tokens": row.tokens,
    }
    if isinstance(row, Open):
        return told | {"kind": "open", "held": row.hold}
    return told | {
        "kind": "settled",
        "status": row.status,
        "http_status": row.http_status,
        "error_code": row.error_code or None,
        "first_token_ms": row.ttfb_ms,
        "cost": row.cost,
    }


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})
class Exact(serializers.Field[Decimal, Any, str, Any]):
    """An exact amount of USD, with every digit that it has."""

    def to_representation(self, value: Decimal) -> str:
        """Return a number as it is told."""
        return f"{value:f}"


class LineOfCharge(serializers.Serializer[Line]):
    """One class of tokens or pieces: units × price = amount; the price is for a million tokens, or a piece."""

    token_class = serializers.CharField()
    units = serializers.IntegerField()
    unit = serializers.CharField()
    price = Exact()
    amount = Exact()


class FactorTold(serializers.Serializer[Factor]):
    """A multiplier on the price, in millionths."""

    scope = serializers.CharField(allow_blank=True)
    target = serializers.CharField(allow_blank=True)
    ppm = serializers.IntegerField()


class ExplanationTold(serializers.Serializer[Explanation]):
    """Σ amount of `lines` = `subtotal`; × `factors` = `exact`; + `rounding` − `waived` = the cost."""

    lines = LineOfCharge(many=True)
    subtotal = Exact()
    factors = FactorTold(many=True)
    exact = Exact()
    rounding = Exact()
    waived = Exact()
    notes = serializers.ListField(child=serializers.CharField())


class PostingTold(serializers.Serializer[Posting]):
    """Where a part of the cost is booked; null where that is still to come."""

    charge_no = serializers.IntegerField()
    day = serializers.DateField()
    amount = Usd()
    posted = serializers.BooleanField()
    movement = serializers.IntegerField(source="entry_no", allow_null=True)


class SettledTold(serializers.Serializer[Pane]):
    """A request that has ended."""

    status = serializers.CharField(source="receipt.status")
    http_status = serializers.IntegerField(source="receipt.http_status")
    error_code = serializers.CharField(source="receipt.error_code", allow_blank=True)
    model = serializers.CharField(source="receipt.model")
    provider = serializers.CharField(source="receipt.provider", allow_blank=True)
    tag = serializers.CharField(source="receipt.tag", allow_blank=True)
    stream = serializers.BooleanField(source="receipt.stream")
    admitted_at = serializers.DateTimeField(source="receipt.admitted_at")
    ended_at = serializers.DateTimeField(source="at")
    first_token_ms = serializers.IntegerField(source="receipt.ttfb_ms", allow_null=True)
    latency_ms = serializers.IntegerField(source="receipt.latency_ms")
    tokens = serializers.IntegerField()
    hold = Usd()
    cost = Usd(source="receipt.cost")
    how = serializers.CharField()
    counted = serializers.CharField()
    rule = serializers.CharField()
    charge = ExplanationTold(source="charge.explanation", allow_null=True)
    booked = PostingTold(source="charge.postings", many=True, allow_null=True)


class RefusedTold(serializers.Serializer[Refusal]):
    """A request that was not let in."""

    code = serializers.CharField(source="refusal.code")
    message = serializers.CharField(source="refusal.message", allow_blank=True)
    model = serializers.CharField(source="refusal.model", allow_blank=True)
    refused_at = serializers.DateTimeField(source="refusal.refused_at")
    why = serializers.CharField(source="said", allow_blank=True)
    what_would_pass = serializers.CharField(source="passing", allow_blank=True)
    alike = serializers.IntegerField(help_text="How many more were refused so in that minute.")


class RunningTold(serializers.Serializer[Any]):
    """A request that runs."""

    model = serializers.CharField()
    admitted_at = serializers.DateTimeField(source="at")
    held = Usd(allow_null=True)


class RequestTold(serializers.Serializer[Shown]):
    """One request; of `settled`, `refused` and `running` two are null."""

    request_id = serializers.UUIDField()
    key = serializers.CharField(allow_blank=True)
    settled = SettledTold(allow_null=True)
    refused = RefusedTold(allow_null=True)
    running = RunningTold(allow_null=True)
