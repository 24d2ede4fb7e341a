"""A month is closed: the upstream's bill is held against ours, the audit is green, nothing stands against it any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from pytest_django import DjangoDbBlocker

from billing import ledger
from billing.models import BookMonth, LineDecision, MonthClose, PaperIssuer
from billing.month_end import sweeps
from billing.paper import sweeps as papers
from billing.paper.months import Month
from billing.proof import runs, seals
from catalog.models import Model
from kernel import clock, postgres
from tests.billing import rows
from tests.billing.proof import lives
from tests.fakes import chained
from tests.operator.stories.clerk import Clerk
from tests.operator.stories.place import apart

pytestmark = pytest.mark.browser

# USD 2 and 8 per million tokens, and what the upstream charges for it, in nano-USD.
TOKENS = {"input_tokens": 100_000, "output_tokens": 50_000}
COST, PAID = 600_000_000, 400_000_000
BILL = "0.4", "0.4", "0.55"


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open a database in which nobody else works: a month is closed of all that there is."""
    with django_db_blocker.unblock(), another_database("of_a_month"):
        call_command("migrate", verbosity=0)
        yield


@contextmanager
def another_database(name: str) -> Iterator[None]:
    entry = settings.DATABASES["default"]
    usual = entry["NAME"]
    named = f"{usual}_{name}"
    with psycopg.connect(postgres.conninfo(statement_seconds=60), autocommit=True) as outside:
        outside.execute(f'DROP DATABASE IF EXISTS "{named}" WITH (FORCE)')
        outside.execute(f'CREATE DATABASE "{named}" TEMPLATE template0')
        go_over_to(named)
        try:
            yield
        finally:
            go_over_to(usual)
            outside.execute(f'DROP DATABASE IF EXISTS "{named}" WITH (FORCE)')


def go_over_to(name: str) -> None:
    """Have this process, and those it starts from now on, work in the database of that name."""
    connections.close_all()
    database: Any = connections["default"]  # the pool is PostgreSQL's alone
    database.close_pool()
    settings.DATABASES["default"]["NAME"] = name


def test_a_month_is_reconciled_audited_and_closed(clerk: Clerk) -> None:
    month = Month.of(lives.day_before(2)).before
    provider, days = apart(lambda: lived(month))
    clerk.go("Months")
    clerk.page.get_by_role("link", name=f"{month.first:%B %Y}").first.click()
    clerk.hears("1 of 1 upstreams not reconciled.")
    clerk.hears("No audit of everything since its end.")

    reconcile(clerk, provider, days)
    assert apart(lambda: runs.run(days=None, actor="the night").broken) == 0
    clerk.go("Audits")
    clerk.hears("all rules hold")
    clerk.go("Months")
    clerk.page.get_by_role("link", name=f"{month.first:%B %Y}").first.click()
    clerk.answer("Count again")
    clerk.hears("It is counted within minutes.")
    assert apart(lambda: sweeps.count_asked(clock.now(), seconds=60)) >= 1
    clerk.page.reload()
    clerk.hears("Nothing stands against it.")
    clerk.answer("Close the month", Why="in order")
    clerk.hears("is closed.")
    closed(month)


def lived(month: Month) -> tuple[str, list[date]]:
    """Have a customer pay and use something in a month, and do what the nights after it do; return upstream and days."""
    PaperIssuer.objects.create(
        pk=1, legal_name="Tollway", line1="1 Example Street", city="Springfield", country="US"
    )
    model, version = rows.price(input=2_000_000, output=8_000_000)
    at = chained.endpoint(name="Harbour")
    chained.live(Model.objects.get(pk=model), chained.hop(at, upstream_model="harbour-large"))
    workspace = rows.workspace()
    ledger.post(
        workspace_id=workspace,
        kind=ledger.Kind.TOP_UP,
        amount=100 * 10**9,
        offset=ledger.System.CLEARING,
        idem_key="paid",
        day=month.first,
    )
    days = [month.first + timedelta(days=number) for number in (4, 5, 6)]
    for day in days:
        lives.settle_on(
            workspace,
            day,
            **TOKENS,
            model_id=model,
            price_version_id=version,
            provider_id=at.provider_id,
            endpoint_id=at.pk,
            cost=COST,
            hold=COST,
            provider_cost=PAID,
        )
    lives.charge(workspace)
    for each, due in seals.due(clock.now()).items():
        seals.seal(each, due)
    papers.for_months(clock.now(), seconds=30)
    sweeps.count_due(clock.now(), seconds=60)
    return at.provider.name, days


def reconcile(clerk: Clerk, provider: str, days: list[date]) -> None:
    """Read a bill that agrees on two days, and decide on the third."""
    lines = "".join(f"{day},harbour-large,1,{price}\n" for day, price in zip(days, BILL, strict=True))
    clerk.go("Reconciliation")
    clerk.page.get_by_role("link", name="Read a file").click()
    clerk.page.get_by_label("Upstream", exact=True).select_option(label=provider)
    clerk.page.get_by_label("Kind of file").select_option("plain")
    clerk.page.get_by_label("CSV file").set_input_files(
        {"name": "bill.csv", "mimeType": "text/csv", "buffer": f"day,model,requests,cost\n{lines}".encode()}
    )
    clerk.page.get_by_role("button", name="Read and compare").click()
    clerk.hears("3 lines read and held against ours")
    clerk.answer("Decide the rest", Decision="accepted", Why="they raised it on the 7th")
    clerk.hears("1 line accepted.")
    decided = apart(lambda: list(LineDecision.objects.values_list("verdict", "reason")))
    assert decided == [("accepted", "they raised it on the 7th")]


def closed(month: Month) -> None:
    made = apart(lambda: MonthClose.objects.get(first=month.first))
    assert (made.against, made.reason) == ([], "in order")
    figures = apart(lambda: BookMonth.objects.get(first=month.first)).figures
    assert figures["upstreams"] == 1
    assert figures["unreconciled"] == 0
    assert figures["provider_cost"] == 3 * PAID
    assert -figures["workspaces"]["usage"] == 3 * COST
