"""How the management API writes and reads single values: money as exact strings of USD, texts in one line, places in lists."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from accounts.rest_route import wrong
from kernel import money

__all__ = [
    "AT_ONCE",
    "MOST_AT_ONCE",
    "PAGED",
    "AmountAsked",
    "Form",
    "MomentAsked",
    "OneLine",
    "Usd",
    "number",
    "paged",
]

AT_ONCE, MOST_AT_ONCE = 50, 100
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?\Z")
_LONGEST_NUMBER = 18


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{9}$", "example": "12.500000000"})
class Usd(serializers.Field[int, Any, str, Any]):
    """Nano-USD, told as USD with all nine decimals."""

    def to_representation(self, value: int) -> str:
        """Return an amount as it is told."""
        return money.show(value)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?$", "example": "12.50"})
class AmountAsked(serializers.Field[int, Any, Any, Any]):
    """USD in a string, as 5 or 2.50, read as nano-USD."""

    def to_internal_value(self, data: Any) -> int:
        """Return nano-USD. Raises ValidationError for what is no amount."""
        if not isinstance(data, str) or not _AMOUNT.match(data):
            raise serializers.ValidationError('An amount of USD is a string such as "12.50".')
        return money.from_usd(data)


class MomentAsked(serializers.DateTimeField):
    """A moment that says of which offset from UTC it is."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the moment in UTC. Raises ValidationError for a clock that could be anybody's."""
        if value.tzinfo is None:
            raise serializers.ValidationError("It needs an offset, as in 2030-01-01T00:00:00Z.")
        return super().enforce_timezone(value)


class OneLine(serializers.CharField):
    """A text that can be shown in one line; what is no text is not made one."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError for anything else."""
        if not isinstance(data, str):
            raise serializers.ValidationError("It must be a string.")
        if not data.isprintable():
            raise serializers.ValidationError("Only characters that can be seen.")
        return super().to_internal_value(data)


class Form(serializers.Serializer[Any]):
    """A body that may hold what is named here and nothing else."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return what was sent. Raises ValidationError, also for a field that there is not."""
        if isinstance(data, Mapping):
            for name in data:
                if name not in self.fields:
                    words = ErrorDetail("There is no such field.", "unknown")
                    raise serializers.ValidationError({str(name)[:64]: [words]})
        return dict(super().to_internal_value(data))


PAGED = (
    OpenApiParameter("limit", int, description="How many at once, from 1 to 100.", default=AT_ONCE),
    OpenApiParameter("before", str, description="`next` of the page before."),
)
"""What a list in pages can be asked for."""


def paged(request: Request) -> tuple[int, int | None]:
    """Return how many are asked for, and before which number the page begins. Raises Refusal, naming the field."""
    asked = request.query_params
    limit, before = asked.get("limit", str(AT_ONCE)), asked.get("before")
    many = number(limit)
    if many is None or not 1 <= many <= MOST_AT_ONCE:
        raise wrong("limit", f"a whole number from 1 to {MOST_AT_ONCE}.")
    place = number(before) if before is not None else None
    if before is not None and place is None:
        raise wrong("before", "`next` of the page before.")
    return many, place


def number(text: str) -> int | None:
    """Return a row's number, or None for what can be none."""
    fits = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if fits else None
