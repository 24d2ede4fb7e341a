"""Sweeps of papers: what is missing is found and issued once, a failure keeps nobody else waiting."""

import threading

import pytest
from django.db import connections

from billing import ledger
from billing.models import Paper
from billing.paper import papers, stating, sweeps, tasks
from kernel import clock
from tests.billing import rows
from tests.billing.paper.issuing import DOLLAR, charge, issuer, move, top_up, workspace
from tests.billing.paper.test_statement import OVER, seal, use

GRANT, REFUND = ledger.Kind.GRANT, ledger.Kind.REFUND


def issued(workspace: int) -> list[tuple[str, int]]:
    found = Paper.objects.filter(workspace_id=workspace).order_by("id")
    return [(paper.kind, paper.total_cents) for paper in found]


@pytest.mark.django_db
def test_sweeps_issue_what_payments_and_refunds_lack() -> None:
    issuer()
    mine = workspace()
    paid = top_up(mine)
    move(mine, REFUND, -5 * DOLLAR)
    move(mine, GRANT, 7 * DOLLAR)
    reversed_grant = move(mine, GRANT, 9 * DOLLAR)
    for each in (paid, reversed_grant):
        ledger.reverse(workspace_id=mine, transaction_id=each, reason="a slip")
    assert sweeps.for_payments() == 3
    assert issued(mine) == [("receipt", 2500), ("credit_note", 500), ("credit_note", 2500)]
    assert sweeps.for_payments() == 0


@pytest.mark.django_db
def test_sweeps_leave_payments_that_stripe_documents_to_it(settings: object) -> None:
    issuer()
    mine = workspace()
    top_up(mine, key="stripe:cs_1")
    settings.STRIPE_DOCUMENTS = True  # type: ignore[attr-defined]
    assert sweeps.for_payments() == 0
    settings.STRIPE_DOCUMENTS = False  # type: ignore[attr-defined]
    assert sweeps.for_payments() == 1


@pytest.mark.django_db
def test_sweeps_wait_for_an_issuer_and_then_leave_nothing_out() -> None:
    mine = workspace()
    top_up(mine)
    assert tasks.issue_papers() == 0
    issuer()
    assert tasks.issue_papers() == 1
    assert issued(mine) == [("receipt", 2500)]


@pytest.mark.django_db
def test_sweeps_state_other_workspaces_where_one_does_not_add_up() -> None:
    issuer()
    broken, sound = workspace(), workspace()
    for mine in (broken, sound):
        use(mine, OVER.last, DOLLAR)
        charge(mine)
        seal(mine)
    rows.run("UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = %s", broken)
    assert sweeps.for_months(clock.now(), seconds=60) == 1
    assert (issued(broken), issued(sound)) == ([], [("statement", 100)])
    rows.run("UPDATE billing_daily_usage SET cost = cost - 1 WHERE workspace_id = %s", broken)
    assert sweeps.for_months(clock.now(), seconds=60) == 1


@pytest.mark.django_db
def test_sweeps_number_what_they_issue_without_gaps() -> None:
    issuer()
    for _ in range(5):
        top_up(workspace())
    sweeps.for_payments()
    numbers = list(Paper.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + 5))
    assert papers.SERIES["receipt"] == "R"


@pytest.mark.usefixtures("committed")
def test_sweeps_of_several_workers_state_a_month_once() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.last, DOLLAR)
    charge(mine)
    seal(mine)
    barrier, failures = threading.Barrier(6), []

    def work() -> None:
        try:
            barrier.wait(timeout=30)
            stating.state(mine, clock.now())
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert failures == []
    assert issued(mine) == [("statement", 100)]
