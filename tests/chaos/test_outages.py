"""PostgreSQL is away while answers end: callers have them within seconds, and each is charged once, exactly."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from billing import leases
from billing.settling import COMMIT_SECONDS
from kernel import clock
from tests.billing import rows
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.scripted import answer, scripted

from .outage import BODY, COST, PLAIN, STREAMS, Calls, Postgres, calls, own_postgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
SLACK_SECONDS = 3.0
REPLAY_SECONDS = 20.0


@pytest.fixture(scope="module")
def cluster(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Postgres]:
    with django_db_blocker.unblock(), own_postgres() as own:
        yield own


@pytest.fixture
def postgres(cluster: Postgres) -> Iterator[Postgres]:
    """PostgreSQL, which runs at the beginning and at the end whatever a test does to it."""
    yield cluster
    if cluster.running is None:
        cluster.start()


def journals(directory: Path) -> list[str]:
    return sorted(place.name for place in directory.iterdir())


def check_answers(open_calls: Calls) -> None:
    heard = open_calls.answers()
    assert [each.status for each in heard] == [200] * (STREAMS + PLAIN)
    assert all(each.whole for each in heard)
    assert sum(each.body.endswith(b"data: [DONE]\n\n") for each in heard) == STREAMS
    assert open_calls.longest() < COMMIT_SECONDS + SLACK_SECONDS


def all_charged(who: Customer, open_calls: Calls) -> bool:
    """Tell whether each request has its cost once over all revisions."""
    spent: dict[str, int] = {}
    for event in who.events():
        spent[str(event["request_id"])] = spent.get(str(event["request_id"]), 0) + event["cost"]
    return spent == {each.headers["x-request-id"]: COST for each in open_calls.answers()}


def check_books(gateway: Gateway, who: Customer, open_calls: Calls) -> None:
    """Each request comes to have its cost, nothing is held, and the audit finds nothing.

    On a slow machine a reaper may come before the journal, whose truth is then a correction.
    """
    gateway.eventually(lambda: all_charged(who, open_calls), within=REPLAY_SECONDS)
    account = who.account()
    owed = COST * (STREAMS + PLAIN)
    assert (account["held"], account["open_streams"], account["unbilled"]) == (0, 0, owed)
    assert rows.findings(who.workspace.pk) == {}


def said(gateway: Gateway) -> str:
    """Return the modes that an answer names; nobody's list needs no database."""
    told = ask("GET", gateway.base_url + "/models")
    assert told.status == 200
    return told.headers.get("x-tollway-degraded", "")


def writes(state: Literal["on", "off"]) -> None:
    """Have the database take writes or not, from the next connection on; those that there are end."""
    name, read_only = connection.settings_dict["NAME"], "off" if state == "on" else "on"
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {read_only}")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
    connection.close()


def not_ready(gateway: Gateway) -> str:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(gateway.base_url.removesuffix("v1") + "readyz", timeout=20)
    with refused.value:
        return refused.value.read().decode()


def journalled_and_killed(postgres: Postgres, directory: Path) -> Calls:
    """Have answers end while PostgreSQL is away, and kill the gateway once they are heard."""
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(directory)) as gateway, calls(gateway) as under_way:
        postgres.stop()
        under_way.end()
        check_answers(under_way)
        gateway.process.kill()
        gateway.gone()
    return under_way


def test_answers_end_and_are_charged_when_the_database_is_back(postgres: Postgres, tmp_path: Path) -> None:
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway, calls(gateway) as under_way:
        who = under_way.who
        postgres.stop()
        under_way.end()
        check_answers(under_way)
        assert gateway.chat(who.secret, under_way.model).status == 503
        gateway.eventually(lambda: said(gateway) == "database, journal", within=10)
        waiting = f"{STREAMS + PLAIN} settlements wait in the journal"
        assert not_ready(gateway) == f"the database does not answer; {waiting}"
        time.sleep(6)  # longer than the lease of an admission may stand that nobody serves
        postgres.start()
        check_books(gateway, who, under_way)
        gateway.eventually(lambda: said(gateway) == "", within=10)
        gateway.stop()
        gateway.gone()
    assert journals(tmp_path) == []


def test_a_database_that_is_read_only_is_told_and_healed(postgres: Postgres, tmp_path: Path) -> None:
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway, calls(gateway) as under_way:
        who = under_way.who
        writes("off")
        under_way.end()
        check_answers(under_way)
        refused = gateway.chat(who.secret, under_way.model)
        assert (refused.status, refused.headers["x-error-code"]) == (503, "UNAVAILABLE")
        gateway.eventually(lambda: said(gateway) == "database-unwritable, journal", within=10)
        writes("on")
        check_books(gateway, who, under_way)
        gateway.eventually(lambda: said(gateway) == "", within=10)
        # The first may meet the connection that was cut.
        gateway.eventually(lambda: gateway.chat(who.secret, under_way.model).status != 503, within=10)


def test_what_a_killed_process_journalled_is_replayed_by_the_next(postgres: Postgres, tmp_path: Path) -> None:
    under_way = journalled_and_killed(postgres, tmp_path)
    who = under_way.who
    assert len(journals(tmp_path)) == 1
    postgres.start()
    assert who.open_requests() == STREAMS + PLAIN
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway:
        check_books(gateway, who, under_way)
        gateway.stop()
        gateway.gone()
    assert journals(tmp_path) == []


def test_what_a_reaper_ended_first_is_corrected_to_the_truth(postgres: Postgres, tmp_path: Path) -> None:
    under_way = journalled_and_killed(postgres, tmp_path)
    who = under_way.who
    postgres.start()
    assert leases.reap(clock.now() + timedelta(hours=1)) == STREAMS + PLAIN
    reaped = {event["status"] for event in who.events()}
    costs = sorted(event["cost"] for event in who.events())
    assert (reaped, costs[:PLAIN]) == ({"reaped"}, [0] * PLAIN)
    assert all(0 < cost < COST for cost in costs[PLAIN:])
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway:
        gateway.eventually(lambda: len(who.events()) == 2 * (STREAMS + PLAIN), within=REPLAY_SECONDS)
        check_books(gateway, who, under_way)
        assert sum(event["rev"] > 0 for event in who.events()) == STREAMS + PLAIN
        gateway.stop()
        gateway.gone()
    assert journals(tmp_path) == []


def test_a_process_that_ends_meanwhile_leaves_what_is_owed_on_the_disk(
    postgres: Postgres, tmp_path: Path
) -> None:
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway, calls(gateway) as under_way:
        who = under_way.who
        postgres.stop()
        under_way.end()
        gateway.stop()
        check_answers(under_way)
        gateway.gone(within=40)
    assert len(journals(tmp_path)) == 1
    postgres.start()
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway:
        check_books(gateway, who, under_way)


def test_without_a_journal_answers_wait_for_the_database(postgres: Postgres, tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    with running_gateway(TOLLWAY_JOURNAL_DIR=str(nowhere)) as gateway, calls(gateway) as under_way:
        postgres.stop()
        under_way.end()
        time.sleep(COMMIT_SECONDS + 2)
        assert not any(each.done() for each in under_way.heard)
        postgres.start()
        assert [each.status for each in under_way.answers()] == [200] * (STREAMS + PLAIN)
        check_books(gateway, under_way.who, under_way)


def test_a_restart_while_nobody_asks_fails_no_request(postgres: Postgres, tmp_path: Path) -> None:
    usual = answer(BODY)
    with scripted(*[usual] * 5) as provider, running_gateway(TOLLWAY_JOURNAL_DIR=str(tmp_path)) as gateway:
        who, name = customer(), model((provider.base_url, "m"))
        gateway.knows(who.secret, name)
        assert gateway.chat(who.secret, name).status == 200
        for _ in range(2):
            postgres.stop()
            postgres.start()
            assert [gateway.chat(who.secret, name).status for _ in range(2)] == [200, 200]
        gateway.eventually(lambda: [event["cost"] for event in who.events()] == [COST] * 5, within=10)
        assert who.open_requests() == 0
        gateway.stop()
        gateway.gone()
    assert journals(tmp_path) == []
