"""How a key's budget is asked for and told, in the words of OpenRouter: limit, limit_remaining, limit_reset."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field

from billing.budgets import Budget, Period
from billing.keyring.changes import Allowance
from kernel import money

from ..errors import Failure
from .figures import usd

__all__ = ["Limit", "Reset", "Usd", "allowance", "shown"]

_PERIODS = {"daily": Period.DAY, "weekly": Period.WEEK, "monthly": Period.MONTH, None: Period.NONE}
_RESETS = {str(period): reset for reset, period in _PERIODS.items()}
_MOST = 10**9


def _amount(given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal | None):
        raise ValueError("it must be an amount of USD, as 5 or 2.50")
    return str(given) if isinstance(given, float) else given


Usd = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0, le=_MOST, decimal_places=9)]
Reset = Literal["daily", "weekly", "monthly"]


class Limit(Schema):
    """What a key may spend: USD per UTC day, week from Monday or month; without a reset, for good; null for no limit."""

    model_config = ConfigDict(extra="forbid")

    limit: Usd | None
    limit_reset: Reset | None = None


def allowance(wanted: Limit) -> Allowance | None:
    """Return what was asked for, None for no limit. Raises Failure for a reset without a limit."""
    if wanted.limit is not None:
        return Allowance(money.from_usd(wanted.limit), _PERIODS[wanted.limit_reset])
    if wanted.limit_reset is not None:
        raise Failure(
            "VALIDATION_ERROR", "limit_reset: only a limit is renewed; give one.", param="limit_reset"
        )
    return None


def shown(budget: Budget | None) -> dict[str, Any]:
    """Return what is told of a key's budget; all null where it has none."""
    return {
        "limit": usd(budget.limit) if budget else None,
        "limit_remaining": usd(budget.remaining) if budget else None,
        "limit_reset": _RESETS[budget.period] if budget else None,
    }
