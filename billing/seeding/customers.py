"""Who made-up requests come from: workspaces with keys and habits, a few of which send most of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import keys, workspaces
from accounts.models import ApiKey, Workspace
from billing.models import Account
from catalog import plans
from catalog.models import PlanVersion

from .wares import Ware

__all__ = ["LARGEST", "Customer", "Habit", "made", "shares"]

LARGEST = 1_000_000
"""How many requests the largest customer has, as long as that is no more than a tenth."""

_PLANS = ("payg", "payg", "payg", "ultra", "max", "max", "premium", "lite")
_FIRST = ("Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbor", "Indigo", "Juniper", "Kestrel", "Lumen", "Meridian", "Nimbus", "Orchard", "Prairie", "Quarry", "Ridge", "Summit", "Tundra")  # fmt: skip
_SECOND = (
    "Labs",
    "Systems",
    "Works",
    "Health",
    "Legal",
    "Robotics",
    "Media",
    "Freight",
    "Analytics",
    "Studio",
)
_KEYS = ("backend-prod", "backend-staging", "nightly", "agents")
_TAGS = ("", "", "search", "support", "batch")
_TIRED = 1.1
"""How much the next customer in rank sends less: 1 / rank ** this."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What one key of a workspace asks for; `text` is workspace, key and tag as COPY reads them."""

    text: str
    key_id: int
    ware: int


@dataclass(slots=True)
class Customer:
    """A workspace, what it asks for and how much; its balance in nano-USD, and its open charge number."""

    workspace_id: int
    habits: list[Habit]
    requests: int
    charge_no: int = 1
    balance: int = 0


def made(
    number: int,
    requests: int,
    wares: list[Ware],
    dice: random.Random,
    *,
    since: datetime,
    first: Workspace | None = None,
) -> list[Customer]:
    """Save workspaces with keys that are as old as their usage, and share the requests out among them.

    `first` is the largest of them, where one that is there already is to be it; its keys stay and get others beside.
    Raises LookupError if the catalogue has no plan Pay as you go.
    """
    found = {slug: plans.newest(slug) for slug in _PLANS}
    standing = found["payg"]
    if standing is None:
        raise LookupError("the catalogue has no plan payg; `manage.py demo` adds it")
    many = shares(requests, number)
    customers = []
    for place, sent in enumerate(many):
        terms = found[_PLANS[place % len(_PLANS)]] or standing
        with transaction.atomic():
            workspace = first if first is not None and place == 0 else _workspace(place, terms, dice)
            minted = _keys(workspace, _KEYS[: 1 + place % len(_KEYS)] if workspace != first else _KEYS[:-1])
            Workspace.objects.filter(pk=workspace.pk).update(created_at=since)
            ApiKey.objects.filter(pk__in=minted).update(created_at=since)
        charge_no = Account.objects.get(workspace_id=workspace.pk).charge_no
        habits = _habits(workspace.pk, minted, wares, dice)
        customers.append(Customer(workspace.pk, habits, sent, charge_no))
    return customers


def _workspace(place: int, terms: PlanVersion, dice: random.Random) -> Workspace:
    name = f"{dice.choice(_FIRST)} {dice.choice(_SECOND)} {place + 1}"
    return workspaces.create(name, plan_version=terms)


def _keys(workspace: Workspace, names: Sequence[str]) -> list[int]:
    """Return the keys of a workspace: those it has, and new ones of these names."""
    known = list(ApiKey.objects.filter(workspace=workspace, revoked_at=None).values_list("pk", flat=True))
    return known + [keys.mint(workspace, name=name)[0].pk for name in names]


def shares(requests: int, number: int) -> list[int]:
    """Share requests out: the largest gets its tenth, the others ever less by their rank; the sum is exact."""
    if number == 1:
        return [requests]
    largest = min(LARGEST, requests // 10)
    ranks = [1 / rank**_TIRED for rank in range(4, number + 3)]
    # No other is as large: what the steep beginning would give it goes to the rest.
    whole, total, given = requests - largest, sum(ranks), 0
    found, passed = [largest], 0.0
    for rank in ranks:
        passed += rank
        upto = round(whole * passed / total)
        found.append(upto - given)
        given = upto
    return found


def _habits(workspace: int, minted: list[int], wares: list[Ware], dice: random.Random) -> list[Habit]:
    liked = dice.sample(range(len(wares)), k=min(len(wares), dice.randint(1, 4)))
    pairs = [(key, ware) for key in minted for ware in liked]
    chosen = dice.sample(pairs, k=min(len(pairs), 6))
    return [Habit(f"{workspace}\t{key}\t{dice.choice(_TAGS)}", key, ware) for key, ware in chosen]
