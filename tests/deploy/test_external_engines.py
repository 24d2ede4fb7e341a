"""The main job on engines of the operator's own, by the commands that containers run: from no tables to a charge."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kernel import money
from tests.deploy.site import HOST, TOKEN, Deployed, deployed

pytestmark = pytest.mark.timeout(400)

MODEL = "route/deepseek-v3.2"
BY_ADDRESS: dict[str, Any] = {"Host": "10.42.0.7:8000"}


@pytest.fixture(scope="module")
def site() -> Iterator[Deployed]:
    """Migrated, with the demo's catalogue and every part of compose.yaml started by its command."""
    with deployed() as found:
        found.manage("migrate", "--check")
        made = found.manage(
            "createsuperuser", "--noinput", "--email", f"first@{HOST}", DJANGO_SUPERUSER_PASSWORD=TOKEN
        )
        assert "Superuser created" in made
        found.manage("demo", "--credentials", str(found.base / "credentials.json"))
        for part in ("web", "worker", "beat"):
            found.serve(part)
        found.eventually(found.answers)
        yield found


def test_settings_of_production_leave_nothing_to_warn_of(site: Deployed) -> None:
    assert "no issues" in site.manage("check", "--deploy", "--fail-level", "WARNING")


def test_probes_and_prometheus_are_answered_by_the_address_of_a_pod(site: Deployed) -> None:
    assert site.ask("/livez", **BY_ADDRESS)[::2] == (200, b"ok")
    assert site.ask("/readyz", **BY_ADDRESS)[0] == 200
    assert site.ask("/metrics", **BY_ADDRESS)[0] == 403
    status, _, figures = site.ask("/metrics", Authorization=f"Bearer {TOKEN}", **BY_ADDRESS)
    assert (status, b"tollway_degraded{" in figures) == (200, True)
    assert site.ask("/terms", **BY_ADDRESS)[0] == 400


def test_no_answer_names_the_server_that_it_came_from(site: Deployed) -> None:
    for path in ("/livez", "/v1/models", "/v1/none", "/terms"):
        assert "server" not in site.ask(path, Host=HOST)[1], path


def test_pages_behind_the_proxy_are_those_of_a_site_with_tls(site: Deployed) -> None:
    plain = site.ask("/terms", Host=HOST)
    assert (plain[0], plain[1]["location"]) == (301, f"https://{HOST}/terms")
    status, headers, _ = site.ask(
        "/terms", Host=HOST, X_Forwarded_Proto="https", X_Forwarded_For="203.0.113.9"
    )
    assert (status, headers["strict-transport-security"]) == (200, "max-age=31536000")


def test_calls_are_answered_and_charged_to_the_nano(site: Deployed) -> None:
    made = json.loads(site.manage("create_workspace", "Acme", "--plan", "payg", "--credit", "5", "--json"))
    key: dict[str, Any] = {"X_API_Key": made["api_key"], "Host": HOST}
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "What is a gateway?"}]}
    plain = [site.ask("/v1/chat/completions", body=asked, **key) for _ in range(2)]
    assert [(status, json.loads(body)["object"]) for status, _, body in plain] == [
        (200, "chat.completion")
    ] * 2
    cost = sum(money.from_usd(headers["x-tollway-cost"]) for _, headers, _ in plain)
    assert cost > 0
    site.eventually(lambda: charged(site.engines.database_url, made["workspace"]) == cost)
    site.manage("audit")


def test_every_part_logs_lines_of_json(site: Deployed) -> None:
    lines = {part: (site.base / f"{part}.log").read_text().splitlines() for part in ("web", "worker", "beat")}
    told = [json.loads(line) for each in lines.values() for line in each]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in told)
    assert any(" ready." in json.loads(line)["event"] for line in lines["worker"])


def charged(database: str, workspace: int) -> int:
    """Return what was taken from a workspace's account for usage, in nano-USD."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT coalesce(-sum(leg.amount), 0) FROM billing_ledger_transaction moved"
            " JOIN billing_ledger_entry leg ON leg.transaction_id = moved.id"
            " WHERE moved.kind = 'usage' AND leg.workspace_id = %s AND leg.account = 'workspace'",
            [workspace],
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_engines_that_are_not_named_are_not_made_up(site: Deployed) -> None:
    site.environment = {name: value for name, value in site.environment.items() if name != "REDIS_URL"}
    with pytest.raises(
        AssertionError, match="serve runs on the engines that DATABASE_URL and REDIS_URL name"
    ):
        site.manage("serve", "web")
