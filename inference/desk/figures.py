"""How the desk writes money: JSON numbers of USD with all nine decimals, exact strings elsewhere; no float between."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.http import HttpResponse

from kernel import money

__all__ = ["answer", "exact", "factor", "moment", "usd"]


def usd(nano: int) -> orjson.Fragment:
    """Return nano-USD as a JSON number of USD with nine decimals."""
    return orjson.Fragment(money.show(nano).encode())


def exact(amount: Decimal) -> str:
    """Return an amount with every decimal it has, never in exponent notation."""
    return f"{amount:f}"


def factor(ppm: int) -> str:
    """Return millionths as a decimal string without trailing zeros."""
    return f"{Decimal(ppm).scaleb(-6).normalize():f}"


def moment(at: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def answer(body: dict[str, Any]) -> HttpResponse:
    """Return a body as the JSON answer of a route."""
    return HttpResponse(orjson.dumps(body), content_type="application/json")
