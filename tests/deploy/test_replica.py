"""A standby that pages read usage from: they do, for as long as it keeps up; money is never asked of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from kernel import money
from kernel.replica import LOOK_SECONDS
from tests.deploy.engines_over_tcp import Server, skip_without, standby
from tests.deploy.site import HOST, Deployed, deployed
from tests.deploy.test_external_engines import MODEL

pytestmark = pytest.mark.timeout(400)

ASKED: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "What is a replica?"}]}
FOLLOWS_S = 4 * LOOK_SECONDS
SESSION = """
from accounts.models import Workspace
from django.test import Client
from tests.accounts.rows import person
browser = Client()
browser.force_login(person(Workspace.objects.get(pk={workspace})))
print("session", browser.cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class Town:
    """A site with a standby, and a customer whose pages are looked at."""

    site: Deployed
    standby: Server
    url: str
    key: str
    session: str

    def chat(self) -> int:
        """Ask once and return what it cost in nano-USD."""
        status, headers, body = self.site.ask(
            "/v1/chat/completions", body=ASKED, X_API_Key=self.key, Host=HOST
        )
        assert status == 200, body
        return money.from_usd(headers["x-tollway-cost"])

    def shown(self) -> int:
        """Return how many requests the page of activity tells."""
        status, _, body = self.site.ask(
            "/dashboard/activity.json?range=7d",
            Cookie=f"sessionid={self.session}",
            Host=HOST,
            X_Forwarded_Proto="https",
        )
        assert status == 200, body
        return int(json.loads(body)["total"]["requests"])

    def used(self) -> int:
        """Return what the API says was used, in nano-USD."""
        _, _, body = self.site.ask("/v1/credits", X_API_Key=self.key, Host=HOST)
        return money.from_usd(json.loads(body, parse_float=str, parse_int=str)["data"]["total_usage"])

    def at_standby(self, question: str) -> Any:
        """Ask the standby itself."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            [answer] = connection.execute(question.encode()).fetchone() or (None,)
            return answer

    def follows(self) -> bool:
        """Tell whether web reads from the standby: there are sessions of it there that were used."""
        self.shown()
        return bool(
            self.at_standby(
                # Not ours, and not the look at where the standby is: what a page asked, of which the beginning is told.
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND query LIKE '%WITH%' AND query NOT LIKE '%pg_%'"
            )
        )


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """Start the site, its standby, and web that knows of it."""
    skip_without("pg_basebackup")
    with deployed() as site, standby(site.base / "standby", site.engines) as (server, url):
        site.manage("demo", "--credentials", str(site.base / "credentials.json"))
        made = json.loads(
            site.manage("create_workspace", "Acme", "--plan", "payg", "--credit", "5", "--json")
        )
        told = site.manage("shell", "-c", SESSION.format(workspace=made["workspace"]))
        site.environment["DATABASE_REPLICA_URL"] = url
        site.serve("web")
        site.eventually(site.answers)
        session = told.split("session ")[-1].strip()
        yield Town(site, server, url, made["api_key"], session)


def test_pages_read_from_it_while_it_keeps_up(town: Town) -> None:
    cost = town.chat()
    town.site.eventually(town.follows)
    town.site.eventually(lambda: town.shown() == 1, within=FOLLOWS_S)
    assert town.used() == cost


def test_pages_leave_it_when_it_falls_behind_and_money_was_never_there(town: Town) -> None:
    town.site.eventually(town.follows)
    shown, used = town.shown(), town.used()
    town.at_standby("SELECT pg_wal_replay_pause()")
    cost = town.chat()
    assert town.used() == used + cost
    assert town.shown() == shown  # as the standby still has it
    town.site.eventually(lambda: town.shown() == shown + 1, within=FOLLOWS_S)
    town.at_standby("SELECT pg_wal_replay_resume()")
    town.site.eventually(town.follows)


def test_pages_go_on_without_it(town: Town) -> None:
    town.site.eventually(town.follows)
    town.standby.stop()
    shown = town.shown()
    town.chat()
    town.site.eventually(lambda: town.shown() == shown + 1, within=FOLLOWS_S)
