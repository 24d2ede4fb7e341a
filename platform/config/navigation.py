"""The operator's way around the admin: what is looked at daily in the sidebar, its rarer siblings as tabs beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

__all__ = ["GROUPS", "Page", "Place", "sidebar", "tabs"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the list of a model ("app.model"), or a view of the admin by its name, and the permission to see it."""

    title: str
    name: str
    permission: str = ""

    @property
    def link(self) -> str:
        """Its address."""
        return _address(self.name, get_script_prefix())

    def seen(self, request: HttpRequest) -> bool:
        """Tell whether who asks may see it."""
        asked = self.permission or (".view_".join(self.name.split(".")) if "." in self.name else "")
        return not asked or bool(request.user.has_perm(asked))


@cache
def _address(name: str, prefix: str) -> str:
    """Return a page's address below a prefix: every page of the admin leads to some forty others."""
    return reverse(f"admin:{name.replace('.', '_')}_changelist" if "." in name else f"admin:{name}")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the sidebar: it leads to the first of its pages that may be seen; the others are tabs there."""

    title: str
    icon: str
    pages: tuple[Page, ...]


def _place(title: str, icon: str, *pages: tuple[str, str] | tuple[str, str, str]) -> Place:
    return Place(title, icon, tuple(Page(*page) for page in pages))


GROUPS: Mapping[str, tuple[Place, ...]] = {
    "Today": (
        _place("Home", "home", ("Home", "index")),
        _place("Desk", "notifications", ("Desk", "desk")),
        _place(
            *("Usage", "bar_chart"),
            ("Explorer", "usage", "billing.view_dailyusage"),
            ("Daily usage", "billing.dailyusage"),
            ("Quarter hours", "billing.usagebucket"),
        ),
        _place(
            *("Requests", "list"),
            ("Requests", "billing.usageevent"),
            ("Open now", "billing.admission"),
            ("Failed tries", "billing.attempt"),
            ("Refused", "billing.refusal"),
            ("Refusals by minute", "billing.refusalcount"),
            ("Repeated", "billing.idempotencykey"),
        ),
    ),
    "Customers": (
        _place("Workspaces", "group", ("Workspaces", "accounts.workspace"), ("Notes", "accounts.note")),
        _place(
            *("Subscriptions", "event_repeat"),
            ("Subscriptions", "billing.subscription"),
            ("Plan changes", "billing.subscriptionchange"),
            ("Upgrades", "accounts.planupgrade"),
        ),
        _place(
            *("Keys", "key"),
            ("Keys", "accounts.apikey"),
            ("Budgets", "billing.keybudget"),
            ("Management tokens", "accounts.managementtoken"),
        ),
        _place(
            *("Customers' alerts", "add_alert"),
            ("What was met", "billing.customerfiring"),
            ("What is watched", "billing.customeralert"),
            ("Webhooks", "billing.customerendpoint"),
            ("Messages sent", "billing.customerdelivery"),
        ),
        _place(
            *("People", "person"),
            ("People", "accounts.user"),
            ("Members", "accounts.member"),
            ("Sign-ins", "accounts.signin"),
            ("Invitations", "accounts.invitation"),
            ("Leaving", "accounts.farewell"),
            ("Addresses", "account.emailaddress"),
            ("Second factors", "mfa.authenticator"),
        ),
    ),
    "Catalogue": (
        _place("Models", "deployed_code", ("Models", "catalog.model")),
        _place("Chains", "route", ("Chains", "catalog.chain")),
        _place(
            *("Upstreams", "dns"),
            ("Upstreams", "catalog.provider"),
            ("Endpoints", "catalog.endpoint"),
            ("Keys of ours", "catalog.endpointkey"),
        ),
        _place(
            *("Price book", "sell"),
            ("Prices", "catalog.priceversion"),
            ("Multipliers", "catalog.multiplier"),
            ("Gaps", "billing.pricegap"),
        ),
        _place(
            *("Proposals", "difference"),
            ("Proposals", "catalog.proposal"),
            ("Comparisons", "catalog.comparison"),
            ("Models listed", "catalog.listedmodel"),
        ),
        _place("Plans", "credit_card", ("Plans", "catalog.plan"), ("Terms", "catalog.planversion")),
    ),
    "Money": (
        _place(
            *("Accounts", "account_balance_wallet"),
            ("Accounts", "billing.account"),
            ("Credit", "billing.creditlot"),
            ("Credit moved", "billing.creditmovement"),
            ("Spill and debts", "billing.purse"),
        ),
        _place("Moves by hand", "swap_horiz", ("Moves by hand", "billing.move")),
        _place("Months", "calendar_month", ("Months", "billing.bookmonth"), ("Closes", "billing.monthclose")),
        _place(
            *("Ledger", "receipt_long"),
            ("Movements", "billing.ledgertransaction"),
            ("Legs", "billing.ledgerentry"),
            ("Re-pricings", "billing.reprice"),
            ("Re-priced", "billing.repriceline"),
        ),
        _place(
            *("Reconciliation", "rule"),
            ("Files", "billing.upstreamfile"),
            ("Lines", "billing.upstreamline"),
            ("Decisions", "billing.linedecision"),
        ),
        _place(
            *("Payments", "add_card"),
            ("Top-ups", "billing.topup"),
            ("Refunds", "billing.refundrequest"),
            ("Disputes", "billing.dispute"),
            ("Auto-recharge", "billing.recharge"),
            ("Payment alerts", "billing.paymentalert"),
            ("Stripe events", "billing.stripeevent"),
            ("Stripe customers", "billing.stripecustomer"),
        ),
        _place(
            *("Papers", "description"),
            ("Papers", "billing.paper"),
            ("Billing details", "billing.billingdetails"),
            ("Issuer", "billing.paperissuer"),
        ),
        _place(
            *("Vouchers", "redeem"),
            ("Batches", "billing.voucherbatch"),
            ("Codes", "billing.voucher"),
            ("Redemptions", "billing.redemption"),
        ),
    ),
    "System": (
        _place(
            *("Audits", "verified"),
            ("Audits", "billing.auditrun"),
            ("Seals", "billing.dayseal"),
            ("Months dropped", "billing.droppedmonth"),
        ),
        _place(
            *("Alerts", "notifications_active"),
            ("Alerts", "billing.alertfiring"),
            ("Rules", "billing.alertrule"),
            ("Channels", "billing.alertchannel"),
            ("Messages", "billing.alertdelivery"),
        ),
        _place(
            *("Announcements", "campaign"),
            ("Announcements", "billing.announcement"),
            ("Updates", "billing.announcementupdate"),
        ),
        _place("Terms and privacy", "gavel", ("Terms and privacy", "accounts.legaltext")),
        _place(
            *("Bulk jobs", "stacks"),
            ("Bulk jobs", "billing.bulkjob"),
            ("Their rows", "billing.bulkline"),
        ),
        _place(
            *("Jobs", "schedule"),
            ("Jobs", "jobs", "billing.view_jobrun"),
            ("Last runs", "billing.jobrun"),
            ("Workers", "billing.worker"),
            ("Revision", "catalog.catalogrevision"),
        ),
        _place("Changes", "history", ("Changes", "accounts.trailrow"), ("Desk", "billing.deskmark")),
        _place("Groups", "shield_person", ("Groups", "auth.group"), ("Roles", "roles", "auth.view_group")),
    ),
}
"""Every page of the admin is a page of some place here; a test sees to it."""


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups with the lines that who asks may follow, and what waits for a person beside them."""
    if not request.user.is_authenticated:
        return []
    marks = _marks(request)
    return [
        {
            "title": title,
            "items": [_line(place, request, marks) for place in places if _first(place, request)],
        }
        for title, places in GROUPS.items()
    ]


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the pages that stand beside the one that is asked for, or beside that it is part of.

    Lists show them of themselves, a view by its name in its page. The others are left out, as each line of the sidebar
    is compared with every one of them.
    """
    return [
        {
            "page": next((page.name for page in place.pages if "." not in page.name), ""),
            "models": [page.name for page in place.pages if "." in page.name],
            "items": [
                {"title": page.title, "link": page.link, "permission": page.seen} for page in place.pages
            ],
        }
        for places in GROUPS.values()
        for place in places
        if len(place.pages) > 1 and any(page.link in request.path for page in place.pages)
    ]


def _first(place: Place, request: HttpRequest) -> Page | None:
    return next((page for page in place.pages if page.seen(request)), None)


def _line(place: Place, request: HttpRequest, marks: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    page = _first(place, request)
    assert page is not None
    return {"title": place.title, "icon": place.icon, "link": page.link, **marks.get(place.title, {})}


def _marks(request: HttpRequest) -> dict[str, dict[str, Any]]:
    """Return what stands beside lines of the sidebar: only where a person must act."""
    from billing.waiting import board  # the settings name this module before there are models

    present = [each.item for each in board.seen_in(request).present]
    return dict(
        _counted(
            Desk=(len(present), "{}", "solid"),
            Upstreams=(sum(item.key.startswith("breaker:") for item in present), "{} open", ""),
            Proposals=(sum(item.number for item in present if item.key == "proposals"), "{}", ""),
        )
    )


def _counted(**counts: tuple[int, str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for title, (number, words, style) in counts.items():
        if number:
            variant = "primary" if style else "warning"
            yield title, {"badge": words.format(number), "badge_variant": variant, "badge_style": style}
