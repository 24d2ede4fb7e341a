"""The rows of the money."""

from .account import Account
from .alert import AlertChannel, AlertDelivery, AlertFiring, AlertRule
from .announcement import Announcement, AnnouncementUpdate
from .budget import KeyBudget
from .bulk import BulkJob, BulkLine
from .credit import CreditLot, CreditMovement, Purse
from .customer_alert import CustomerAlert, CustomerDelivery, CustomerEndpoint, CustomerFiring
from .desk import DeskMark
from .job import JobRun
from .ledger import LedgerEntry, LedgerTransaction
from .month import BookMonth, MonthClose
from .move import Move
from .paper import BillingDetails, Paper, PaperIssuer
from .part import Part
from .payment import Dispute, PaymentAlert, Recharge, RefundRequest, StripeCustomer, StripeEvent, TopUp
from .proof import AuditRun, DaySeal, DroppedMonth
from .reconciling import LineDecision, UpstreamFile, UpstreamLine
from .refusal import Refusal, RefusalCount
from .repeat import IdempotencyKey
from .repricing import PriceGap, Reprice, RepriceLine
from .subscription import Subscription, SubscriptionChange
from .usage import Admission, Attempt, DailyUsage, UsageBucket, UsageEvent, Worker
from .voucher import Redemption, Voucher, VoucherBatch

__all__ = [
    "Account",
    "Admission",
    "AlertChannel",
    "AlertDelivery",
    "AlertFiring",
    "AlertRule",
    "Announcement",
    "AnnouncementUpdate",
    "Attempt",
    "AuditRun",
    "BillingDetails",
    "BookMonth",
    "BulkJob",
    "BulkLine",
    "CreditLot",
    "CreditMovement",
    "CustomerAlert",
    "CustomerDelivery",
    "CustomerEndpoint",
    "CustomerFiring",
    "DailyUsage",
    "DaySeal",
    "DeskMark",
    "Dispute",
    "DroppedMonth",
    "IdempotencyKey",
    "JobRun",
    "KeyBudget",
    "LedgerEntry",
    "LedgerTransaction",
    "LineDecision",
    "MonthClose",
    "Move",
    "Paper",
    "PaperIssuer",
    "Part",
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
    "UpstreamFile",
    "UpstreamLine",
    "UsageBucket",
    "UsageEvent",
    "Voucher",
    "VoucherBatch",
    "Worker",
]
