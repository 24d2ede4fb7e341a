"""The drill of a backup, on engines over TCP with requests going on: the copy is right, and can be sold from."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from config.restoring import place
from config.restoring.counted import count
from tests.deploy.engines_over_tcp import skip_without
from tests.deploy.site import HOST, Deployed, deployed
from tests.deploy.test_external_engines import MODEL

pytestmark = pytest.mark.timeout(400)

ASKED: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "What is a drill?"}]}
EVERY_S = 0.2  # the plan has a cap of a minute


@pytest.fixture(scope="module")
def site() -> Iterator[Deployed]:
    """A site that serves, with a worker that charges."""
    skip_without("pg_dump")
    with deployed() as found:
        found.manage("demo", "--credentials", str(found.base / "credentials.json"))
        for part in ("web", "worker", "beat"):
            found.serve(part)
        found.eventually(found.answers)
        yield found


def customer(site: Deployed, name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        site.manage("create_workspace", name, "--plan", "free", "--credit", "5", "--json")
    )
    return made


def chat(site: Deployed, key: str, model: str = MODEL) -> int:
    return site.ask("/v1/chat/completions", body={**ASKED, "model": model}, X_API_Key=key, Host=HOST)[0]


@contextmanager
def going_on(site: Deployed, key: str) -> Iterator[list[int]]:
    """Have a customer ask again and again in the block; the list holds the answers' statuses."""
    heard: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.wait(EVERY_S):
            heard.append(chat(site, key))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield heard
    finally:
        over.set()
        asking.join()


def drill(site: Deployed, *options: str) -> dict[str, Any]:
    told = site.manage("drill_restore", "--tools", site.engines.postgres, "--json", *options)
    found: dict[str, Any] = json.loads(told)
    return found


def databases(site: Deployed) -> set[str]:
    with psycopg.connect(site.engines.database_url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


def test_a_backup_under_load_is_right_in_every_row_and_nano(site: Deployed) -> None:
    made = json.loads(site.manage("create_workspace", "Busy", "--plan", "payg", "--credit", "5", "--json"))
    with going_on(site, made["api_key"]) as heard:
        site.eventually(lambda: len(heard) >= 20)
        done = drill(site)
        site.eventually(lambda: len(heard) >= 40)
    assert set(heard) == {200}
    assert done["wrong"] == []
    assert done["rows"]["billing_usage_event"] >= 10
    assert done["money_nano"]["cost of all requests"] > 0
    assert done["guards"] > 50
    assert set(done["seconds"]) == {"dump", "count", "restore", "compare", "migrations", "audit"}
    assert not {name for name in databases(site) if name.startswith("tollway_drill")}


def test_what_a_copy_lacks_is_told(site: Deployed) -> None:
    source = place.at(site.engines.database_url)
    with source.connect() as connection:
        before = count(connection)
        connection.execute("DROP TRIGGER append_only ON billing_paper")
        connection.execute("UPDATE billing_account SET posted = posted + 1")
        found = before.differences(count(connection))
        connection.rollback()
    assert {each.partition(":")[0] for each in found} >= {"balances", "billing_paper.append_only"}


def test_the_copy_goes_on_where_the_original_was_without_what_redis_held(site: Deployed) -> None:
    made = customer(site, "Capped")
    with psycopg.connect(site.engines.database_url) as connection:
        [(cap, tier)] = connection.execute(
            "SELECT v.day_cap, m.public_id FROM catalog_planversion v JOIN catalog_plan p ON p.id = v.plan_id,"
            " catalog_model m WHERE p.slug = 'free' AND m.tier = 'free' AND m.capability = 'chat' LIMIT 1"
        ).fetchall()
        connection.execute(
            "UPDATE billing_account SET day_count = %s, hour_count = 0, minute_count = 0,"
            " minute_no = floor(extract(epoch FROM clock_timestamp()) / 60)::int WHERE workspace_id = %s",
            [cap, made["workspace"]],
        )
    assert chat(site, made["api_key"], tier) == 429
    assert drill(site, "--name", "restored", "--keep")["wrong"] == []
    site.engines.redis_server.stop()
    site.engines.redis_server.start()
    copy = place.at(site.engines.database_url).named("restored").url()
    site.end("web", within=90)
    site.environment |= {"DATABASE_URL": copy, "TOLLWAY_JOURNAL_DIR": str(site.base / "journal-of-copy")}
    site.serve("web")
    site.eventually(site.answers)
    assert chat(site, made["api_key"], tier) == 429
    busy = json.loads(site.manage("create_workspace", "New", "--plan", "payg", "--credit", "5", "--json"))
    assert chat(site, busy["api_key"]) == 200


def test_a_drill_that_cannot_be_made_says_why(site: Deployed) -> None:
    with pytest.raises(AssertionError, match="pg_dump is not in /nowhere"):
        site.manage("drill_restore", "--tools", "/nowhere")
    with pytest.raises(AssertionError, match="--server: an address begins with postgresql://"):
        site.manage("drill_restore", "--server", "mysql://x/y")
