"""The operator's way around the admin: what is looked at daily, customers, catalogue, money, system."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy

__all__ = ["NAVIGATION"]


def _item(title: str, icon: str, page: str) -> dict[str, Any]:
    app, model = page.split(".")

    def seen(request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{app}.view_{model}"))

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": seen,
    }


NAVIGATION: list[dict[str, Any]] = [
    {
        "title": "Today",
        "items": [
            {"title": "Home", "icon": "home", "link": reverse_lazy("admin:index")},
            _item("Requests", "list", "billing.usageevent"),
            _item("Open now", "hourglass_empty", "billing.admission"),
            _item("Failed tries", "alt_route", "billing.attempt"),
            _item("Refused", "block", "billing.refusal"),
            _item("Daily usage", "bar_chart", "billing.dailyusage"),
        ],
    },
    {
        "title": "Customers",
        "items": [
            _item("Workspaces", "group", "accounts.workspace"),
            _item("Subscriptions", "event_repeat", "billing.subscription"),
            _item("Plan changes", "published_with_changes", "billing.subscriptionchange"),
            _item("Upgrades", "rocket_launch", "accounts.planupgrade"),
            _item("Keys", "key", "accounts.apikey"),
            _item("Members", "badge", "accounts.member"),
            _item("People", "person", "accounts.user"),
            _item("Sign-ins", "login", "accounts.signin"),
        ],
    },
    {
        "title": "Catalogue",
        "items": [
            _item("Models", "deployed_code", "catalog.model"),
            _item("Chains", "route", "catalog.chain"),
            _item("Upstreams", "dns", "catalog.provider"),
            _item("Endpoints", "terminal", "catalog.endpoint"),
            _item("Keys of ours", "vpn_key", "catalog.endpointkey"),
            _item("Price book", "sell", "catalog.priceversion"),
            _item("Price gaps", "money_off", "billing.pricegap"),
            _item("Proposals", "difference", "catalog.proposal"),
            _item("Comparisons", "compare_arrows", "catalog.comparison"),
            _item("Multipliers", "close", "catalog.multiplier"),
            _item("Plans", "credit_card", "catalog.plan"),
            _item("Terms", "description", "catalog.planversion"),
        ],
    },
    {
        "title": "Money",
        "items": [
            _item("Accounts", "account_balance_wallet", "billing.account"),
            _item("Moves by hand", "swap_horiz", "billing.move"),
            _item("Credit", "savings", "billing.creditlot"),
            _item("Budgets of keys", "speed", "billing.keybudget"),
            _item("Spill and debts", "water_drop", "billing.purse"),
            _item("Ledger", "receipt_long", "billing.ledgertransaction"),
            _item("Ledger legs", "format_list_numbered", "billing.ledgerentry"),
            _item("Re-pricings", "price_change", "billing.reprice"),
            _item("Top-ups", "add_card", "billing.topup"),
            _item("Refunds", "undo", "billing.refundrequest"),
            _item("Disputes", "gavel", "billing.dispute"),
            _item("Auto-recharge", "autorenew", "billing.recharge"),
            _item("Payment alerts", "notification_important", "billing.paymentalert"),
            _item("Stripe events", "webhook", "billing.stripeevent"),
            _item("Stripe customers", "contacts", "billing.stripecustomer"),
            _item("Papers", "description", "billing.paper"),
            _item("Issuer of papers", "domain", "billing.paperissuer"),
            _item("Billing details", "contact_mail", "billing.billingdetails"),
            _item("Voucher batches", "redeem", "billing.voucherbatch"),
            _item("Voucher codes", "confirmation_number", "billing.voucher"),
            _item("Redemptions", "featured_seasonal_and_gifts", "billing.redemption"),
            _item("Quarter hours", "schedule", "billing.usagebucket"),
        ],
    },
    {
        "title": "System",
        "items": [
            _item("Audits", "verified", "billing.auditrun"),
            _item("Seals", "lock", "billing.dayseal"),
            _item("Months dropped", "auto_delete", "billing.droppedmonth"),
            _item("Workers", "memory", "billing.worker"),
            _item("Changes", "history", "admin.logentry"),
            _item("Groups", "shield_person", "auth.group"),
            _item("Addresses", "mail", "account.emailaddress"),
            _item("Revision", "update", "catalog.catalogrevision"),
        ],
    },
]
