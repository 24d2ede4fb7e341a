"""The rows of the money."""

from .account import Account
from .budget import KeyBudget
from .credit import CreditLot, CreditMovement, Purse
from .ledger import LedgerEntry, LedgerTransaction
from .refusal import Refusal, RefusalCount
from .repeat import IdempotencyKey
from .usage import Admission, Attempt, DailyUsage, UsageBucket, UsageEvent, Worker

__all__ = [
    "Account",
    "Admission",
    "Attempt",
    "CreditLot",
    "CreditMovement",
    "DailyUsage",
    "IdempotencyKey",
    "KeyBudget",
    "LedgerEntry",
    "LedgerTransaction",
    "Purse",
    "Refusal",
    "RefusalCount",
    "UsageBucket",
    "UsageEvent",
    "Worker",
]
