"""The kinds of alerts: what each watches, how often it is told, and what is suggested where nothing is known yet."""

from dataclasses import dataclass

from billing.models import CustomerAlert
from kernel.money import NANO_PER_USD

__all__ = ["EASED_MINUTES", "ERROR_MINUTES", "KINDS", "LEAST_REQUESTS", "Kind", "Of"]

Of = CustomerAlert.Kind
ERROR_MINUTES = 10
LEAST_REQUESTS = 20
"""Fewer requests in ten minutes say too little."""
EASED_MINUTES = 10
"""For so long fewer must fail before a next time is told: one good minute is a pause of the same trouble."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `asks` says when it is met, `once` how often; `suggested` is in nano-USD, or in percent."""

    name: str
    asks: str
    once: str
    suggested: int
    money: bool = True


KINDS: dict[str, Kind] = {
    Of.SPEND: Kind(
        "Spend of the month",
        "What the calendar month has cost so far reaches an amount.",
        "Told once in a month of the workspace's time zone.",
        50 * NANO_PER_USD,
    ),
    Of.FORECAST: Kind(
        "Forecast of the month",
        "At the pace of the last seven full days, the month will have cost more than an amount.",
        "Told once in a month of the workspace's time zone.",
        100 * NANO_PER_USD,
    ),
    Of.KEY: Kind(
        "Limit of a key",
        "A key has used a share of its own limit.",
        "Told once until the limit begins anew.",
        80,
        money=False,
    ),
    Of.ERRORS: Kind(
        "Failed requests",
        f"Of at least {LEAST_REQUESTS} requests in {ERROR_MINUTES} minutes, a share failed.",
        f"Told once, and again only after {EASED_MINUTES} minutes in which fewer failed.",
        10,
        money=False,
    ),
    Of.BALANCE: Kind(
        "Low balance",
        "What is left to spend is below an amount; what running requests hold counts as left.",
        "Told once, until credit is added and the balance is above it again.",
        5 * NANO_PER_USD,
    ),
}
