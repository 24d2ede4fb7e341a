"""The rows of the money."""

from .account import Account
from .ledger import LedgerEntry, LedgerTransaction
from .refusal import Refusal, RefusalCount
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
    "Refusal",
    "RefusalCount",
    "UsageBucket",
    "UsageEvent",
    "Worker",
]
