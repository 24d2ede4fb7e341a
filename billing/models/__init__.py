"""The rows of the money."""

from .account import Account
from .budget import KeyBudget
from .credit import CreditLot, CreditMovement, Purse
from .ledger import LedgerEntry, LedgerTransaction
from .move import Move
from .paper import BillingDetails, Paper, PaperIssuer
from .payment import Dispute, PaymentAlert, Recharge, RefundRequest, StripeCustomer, StripeEvent, TopUp
from .proof import AuditRun, DaySeal, DroppedMonth
from .refusal import Refusal, RefusalCount
from .repeat import IdempotencyKey
from .repricing import PriceGap, Reprice, RepriceLine
from .subscription import Subscription, SubscriptionChange
from .usage import Admission, Attempt, DailyUsage, UsageBucket, UsageEvent, Worker
from .voucher import Redemption, Voucher, VoucherBatch

__all__ = [
    "Account",
    "Admission",
    "Attempt",
    "AuditRun",
    "BillingDetails",
    "CreditLot",
    "CreditMovement",
    "DailyUsage",
    "DaySeal",
    "Dispute",
    "DroppedMonth",
    "IdempotencyKey",
    "KeyBudget",
    "LedgerEntry",
    "LedgerTransaction",
    "Move",
    "Paper",
    "PaperIssuer",
    "PaymentAlert",
    "PriceGap",
    "Purse",
    "Recharge",
    "Redemption",
    "RefundRequest",
    "Refusal",
    "RefusalCount",
    "Reprice",
    "RepriceLine",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "SubscriptionChange",
    "TopUp",
    "UsageBucket",
    "UsageEvent",
    "Voucher",
    "VoucherBatch",
    "Worker",
]
