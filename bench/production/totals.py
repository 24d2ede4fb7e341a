"""What the ledger, the dashboard, the API and /metrics say of the same use, beside what callers counted."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

from kernel import money
from tests.chaos.witnesses import Client
from tests.deploy.site import TOKEN

from .site import WEBS

if TYPE_CHECKING:
    from tests.fakes.cast import Customer

    from .crowd import Crowd
    from .site import Site

__all__ = ["Said", "at_rest", "compared", "counted"]

_LEDGER = """
SELECT coalesce(-sum(leg.amount), 0)::bigint FROM billing_ledger_transaction moved
JOIN billing_ledger_entry leg ON leg.transaction_id = moved.id AND leg.account = 'workspace'
WHERE moved.kind = 'usage' AND leg.workspace_id = {}"""
_LET_IN = (200, 502, 504)
"""Answers to requests that were admitted, and so are counted; all others were refused before."""
_SAMPLE = re.compile(r"^(tollway_\w+)\{([^}]*)\} ([0-9.e+]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """One figure as each place says it; `of` names it."""

    of: str
    places: dict[str, str]

    @property
    def agrees(self) -> bool:
        """Whether all say the same."""
        return len(set(self.places.values())) == 1


def compared(site: "Site", crowd: "Crowd", clients: Sequence[Client]) -> list[Said]:
    """Compare money and numbers of the workspace whose dashboard was looked at, which these callers asked for."""
    who = crowd.many[0]
    [(ledger,)] = site.rows(_LEDGER.format(who.workspace.pk))
    page, api = _dashboard(site, crowd), _credits(site, who)
    events = len({event["request_id"] for event in who.events()})
    let_in = sum(client.status in _LET_IN for client in clients)
    return [
        Said("used, USD", {"ledger": money.show(ledger), "dashboard": page["usd_exact"], "API": api}),
        Said(
            "requests",
            {"callers": str(let_in), "dashboard": str(page["requests"]), "events": str(events)},
        ),
    ]


def at_rest(site: "Site") -> list[Said]:
    """Return what each web process says is open, waits or is degraded: nothing, once the load is over."""
    names = ("tollway_open_requests", "tollway_open_streams", "tollway_journalled_settlements")
    found = {web: _figures(site, web) for web in WEBS}
    return [
        Said(name, {"wanted": "0", **{web: f"{_total(figures, name):g}" for web, figures in found.items()}})
        for name in (*names, "tollway_degraded")
    ]


def counted(site: "Site", name: str) -> int:
    """Return the sum of a counter since the two web processes began, as each says it of itself."""
    found = 0.0
    for web in WEBS:
        own = f'process="{site.deployed.processes[web].pid}"'
        found += sum(value for each, labels, value in _figures(site, web) if each == name and own in labels)
    return round(found)


def _total(figures: Sequence[tuple[str, str, float]], name: str) -> float:
    return sum(value for found, _, value in figures if found == name)


def _figures(site: "Site", web: str) -> list[tuple[str, str, float]]:
    address = f"http://127.0.0.1:{site.ports[web]}/metrics"
    with urlopen(Request(address, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=10) as answer:
        text = answer.read().decode()
    return [(name, labels, float(value)) for name, labels, value in _SAMPLE.findall(text)]


def _dashboard(site: "Site", crowd: "Crowd") -> dict[str, str]:
    from django.conf import settings

    address = f"{site.proxy.address}/dashboard/activity.json?range=7d"
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={crowd.session}"}
    with urlopen(Request(address, headers=cookie), timeout=30) as answer:
        total: dict[str, str] = json.load(answer)["total"]
    return total


def _credits(site: "Site", who: "Customer") -> str:
    asked = Request(f"{site.base_url}/credits", headers={"X-API-Key": who.secret})
    with urlopen(asked, timeout=30) as answer:
        used = json.loads(answer.read(), parse_float=str, parse_int=str)["data"]["total_usage"]
    return money.show(money.from_usd(used))
