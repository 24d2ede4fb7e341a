"""The rows of the money."""

from .account import Account
from .budget import KeyBudget
from .credit import CreditLot, CreditMovement, Purse
from .ledger import LedgerEntry, LedgerTransaction
from .proof import AuditRun, DaySeal, DroppedMonth
from .refusal import Refusal, RefusalCount
from .repeat import IdempotencyKey
from .subscription import Subscription, SubscriptionChange
from .usage import Admission, Attempt, DailyUsage, UsageBucket, UsageEvent, Worker

__all__ = [
    "Account",
    "Admission",
    "Attempt",
    "AuditRun",
    "CreditLot",
    "CreditMovement",
    "DailyUsage",
    "DaySeal",
    "DroppedMonth",
    "IdempotencyKey",
    "KeyBudget",
    "LedgerEntry",
    "LedgerTransaction",
    "Purse",
    "Refusal",
    "RefusalCount",
    "Subscription",
    "SubscriptionChange",
    "UsageBucket",
    "UsageEvent",
    "Worker",
]
