"""The roles that operators have, as groups: which of them may do what with which rows, declared here and nowhere else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Prefetch

__all__ = ["ROLES", "Role", "decided_on", "declared", "is_role", "keep_in_step", "may"]


@dataclass(frozen=True, slots=True)
class Role:
    """A role: the group's name, and for whom it is."""

    name: str
    says: str


ROLES = {
    "O": Role("Owner", "Everything but the rights of operators, which are a superuser's to give."),
    "F": Role("Finance", "Money, papers, prices and plans; of customers what the money needs."),
    "S": Role("Support", "Customers, their keys and requests; gives credit for a request."),
    "C": Role("Catalogue", "Models, chains, upstreams and their keys, prices and plans."),
    "R": Role("Read-only", "Sees what the others see, and changes nothing."),
}

# Model: what may be done, and by whom. What is not named here nobody may do but a superuser, and much not even they.
_RIGHTS = {
    "catalog.model": "view OFSCR, add OC, change OC",
    "catalog.provider": "view OFSCR, add OC, change OC",
    "catalog.endpoint": "view OSCR, add OC, change OC",
    "catalog.endpointkey": "view OCR, add OC, change OC, delete OC",
    "catalog.chain": "view OFSCR, add OC, change OC, delete OC",
    "catalog.hop": "view OFSCR, add OC, change OC, delete OC",
    "catalog.plan": "view OFSCR, add OFC, change OFC",
    "catalog.planversion": "view OFSCR, add OFC, change OFC",
    "catalog.priceversion": "view OFSCR, add OFC",
    "catalog.rate": "view OFSCR, add OFC",
    "catalog.multiplier": "view OFSCR, add OFC, change OFC",
    "catalog.comparison": "view OFCR, add OFC",
    "catalog.listedmodel": "view OFCR",
    "catalog.proposal": "view OFCR, change OFC",
    "catalog.catalogrevision": "view OCR",
    "accounts.workspace": "view OFSCR, add OS, change OFS, view_as_customer OS",
    "accounts.planupgrade": "view OFSCR, add OFS",
    "accounts.note": "view OFSR, add OFS",
    # What everybody agrees to.
    "accounts.legaltext": "view OFSCR, add O",
    "accounts.trailrow": "view OFSCR",
    # Customers only: who is staff is a superuser's.
    "accounts.user": "view OFSR, add O, change OS",
    # Whoever makes themselves a member sees and spends what is the customer's.
    "accounts.member": "view OFSR, add O, change O, delete O",
    "accounts.invitation": "view OFSR",
    "accounts.farewell": "view OFSR",
    # What customers say to models: nobody of the house reads it, sealed as it is.
    "accounts.hubsession": "",
    "accounts.apikey": "view OFSR, change OS, rotate_apikey O",
    "accounts.managementtoken": "view OFSR, change OS",
    "accounts.providerkey": "view OSR, change OS",
    "accounts.signin": "view OSR, change OS",
    "account.emailaddress": "view OSR",
    "account.emailconfirmation": "",
    "mfa.authenticator": "view OSR, delete OS",
    "auth.group": "view OR",
    "auth.permission": "",
    "billing.account": "view OFSR",
    "billing.keybudget": "view OFSR",
    "billing.purse": "view OFSR",
    "billing.creditlot": "view OFSR",
    "billing.creditmovement": "view OFSR",
    "billing.deskmark": "view OFSCR, add OFSC",
    "billing.alertrule": "view OFSCR, add O, change O",
    "billing.alertchannel": "view OR, add O, change O",
    "billing.alertfiring": "view OFSCR",
    "billing.alertdelivery": "view OR, change O",
    "billing.customeralert": "view OFSR",
    "billing.customerfiring": "view OFSR",
    # Addresses may have a token in their path, and messages have amounts.
    "billing.customerendpoint": "view OSR",
    "billing.customerdelivery": "view OSR",
    "billing.announcement": "view OFSCR, add OSC, change OSC, delete OSC",
    "billing.announcementupdate": "view OFSCR",
    "billing.ledgertransaction": "view OFSR, add OF",
    "billing.ledgerentry": "view OFSR",
    # Who may begin one is who may do what it does to a single row.
    "billing.bulkjob": "view OFSR",
    "billing.bulkline": "view OFSR",
    "billing.bookmonth": "view OFR",
    "billing.monthclose": "view OFR, add OF",
    "billing.move": "view OFSR, add OFS",
    "billing.paper": "view OFSR",
    "billing.billingdetails": "view OFSR, change OFS",
    "billing.paperissuer": "view OFR, add OF, change OF",
    "billing.stripecustomer": "view OFSR",
    "billing.topup": "view OFSR",
    "billing.dispute": "view OFSR",
    "billing.refundrequest": "view OFSR, add OF, change OF",
    "billing.recharge": "view OFSR",
    "billing.stripeevent": "view OFR",
    "billing.paymentalert": "view OFSR, change OF",
    "billing.dayseal": "view OFR",
    "billing.droppedmonth": "view OFR",
    "billing.auditrun": "view OFSCR",
    "billing.refusal": "view OFSCR",
    "billing.refusalcount": "view OFSCR",
    "billing.idempotencykey": "view OFSCR",
    "billing.reprice": "view OFR, add OF, change OF",
    "billing.repriceline": "view OFR",
    "billing.pricegap": "view OFCR",
    "billing.subscription": "view OFSR",
    "billing.subscriptionchange": "view OFSR",
    "billing.worker": "view OFSCR",
    "billing.part": "",
    # Whoever changes one has an audit made, or sums made anew.
    "billing.jobrun": "view OFSCR, change OF",
    "billing.upstreamfile": "view OFR, add OF",
    "billing.upstreamline": "view OFR",
    "billing.linedecision": "view OFR, add OF",
    "billing.admission": "view OFSCR",
    "billing.attempt": "view OFSCR",
    "billing.usageevent": "view OFSCR",
    "billing.dailyusage": "view OFSCR, view_revenue OFCR",
    "billing.usagebucket": "view OFSCR",
    "billing.voucherbatch": "view OFSR, add OF, change OF",
    "billing.voucher": "view OFSR",
    "billing.redemption": "view OFSR",
}
_PLAIN = {"view", "add", "change", "delete"}


def declared() -> Iterator[tuple[str, str, str]]:
    """Yield each model, each permission of it that a role has ("app.codename"), and the letters of those roles."""
    for model, rights in _RIGHTS.items():
        app, _, name = model.partition(".")
        for right in filter(None, rights.split(", ")):
            what, letters = right.split(" ")
            yield model, f"{app}.{what}_{name}" if what in _PLAIN else f"{app}.{what}", letters


def decided_on() -> set[str]:
    """Return the models of which is said who may do what."""
    return set(_RIGHTS)


def may(letter: str) -> frozenset[str]:
    """Return what the role of a letter may do, as Django names permissions."""
    return frozenset(permission for _, permission, letters in declared() if letter in letters)


def is_role(group: Any) -> bool:
    """Tell whether a group is one of the product's: it is as declared here, whatever is done to it."""
    return getattr(group, "name", None) in {role.name for role in ROLES.values()}


@transaction.atomic
def keep_in_step(app: str) -> None:
    """Give the roles' groups what is declared of an app's models, no more and no less; other groups are left alone."""
    known = Permission.objects.filter(content_type__app_label=app)
    named = {f"{app}.{code}": number for code, number in known.values_list("codename", "pk")}
    given = Prefetch("permissions", known.only("pk"), to_attr="given")
    groups = {group.name: group for group in Group.objects.prefetch_related(given)}
    for letter, role in ROLES.items():
        group = groups.get(role.name) or Group.objects.create(name=role.name)
        wanted = {named[permission] for permission in may(letter) if permission in named}
        held = {permission.pk for permission in getattr(group, "given", ())}
        if held != wanted:  # as a start of every day finds it
            group.permissions.remove(*(held - wanted))
            group.permissions.add(*(wanted - held))
