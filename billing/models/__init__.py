"""The rows of the money."""

from .account import Account
from .ledger import LedgerEntry, LedgerTransaction
from .repeat import IdempotencyKey
from .usage import Admission, Attempt, DailyUsage, UsageBucket, UsageEvent, Worker

__all__ = [
    "Account",
    "Admission",
    "Attempt",
    "DailyUsage",
    "IdempotencyKey",
    "LedgerEntry",
    "LedgerTransaction",
    "UsageBucket",
    "UsageEvent",
    "Worker",
]
