"""Granting with real commits, so that processes can die and meet."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from structlog.testing import capture_logs

from billing.models import Subscription
from billing.subscriptions import granting
from kernel import clock, postgres
from tests.billing import rows as money_rows
from tests.billing.subscriptions import rows
from tests.billing.subscriptions.test_granting import JAN_31, sweep

pytestmark = pytest.mark.usefixtures("committed", "nothing_left_due")


@pytest.fixture
def nothing_left_due(committed: None) -> Iterator[None]:
    """Cancel what a test subscribed: other tests sweep too, far into the future."""
    yield
    Subscription.objects.filter(status="active").update(status="cancelled", ended_on=JAN_31, due_on=None)


def test_killed_before_its_commit_is_made_up_for() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    with transaction.atomic():
        granting.held(row.workspace_id)
        granting.settle(Subscription.objects.select_related("plan_version__plan").get(pk=row.pk), JAN_31)
        transaction.set_rollback(True)
    assert rows.grants(row.workspace_id) == []
    sweep(JAN_31)
    assert rows.grants(row.workspace_id) == [300]
    assert money_rows.account(row.workspace_id)["posted"] == 3 * rows.USD


def test_by_several_at_once_is_once() -> None:
    made = [rows.subscriber(rows.terms(credits_usd=3), JAN_31) for _ in range(5)]
    barrier = threading.Barrier(4)

    def work() -> None:
        try:
            barrier.wait(10)
            for _ in range(3):
                sweep(JAN_31)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sweep(JAN_31)  # one that all of them left to another
    assert [rows.grants(row.workspace_id) for row in made] == [[300]] * 5
    assert clock.utc_day(clock.now()) > JAN_31


def test_leaves_a_workspace_that_another_holds_to_the_next_round() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    with psycopg.connect(postgres.conninfo()) as apart:
        apart.execute("SELECT FROM accounts_workspace WHERE id = %s FOR NO KEY UPDATE", [row.workspace_id])
        with capture_logs() as logs:
            sweep(JAN_31)
        assert (rows.grants(row.workspace_id), logs) == ([], [])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
            assert granting.held(row.workspace_id, wait=False) is None
            with pytest.raises(OperationalError), transaction.atomic():
                granting.held(row.workspace_id)
    sweep(JAN_31)
    assert rows.grants(row.workspace_id) == [300]


def test_holds_a_workspace_without_making_those_wait_who_only_name_it() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    with transaction.atomic(), psycopg.connect(postgres.conninfo()) as apart:
        assert granting.held(row.workspace_id) is not None
        named = "SELECT 1 FROM accounts_workspace WHERE id = %s FOR KEY SHARE NOWAIT"
        assert apart.execute(named, [row.workspace_id]).rowcount == 1
