"""Leases: a dead worker's requests end once, charged by their last checkpoint, and its slots and holds return."""

import asyncio
import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from pytest_django import Settings
from structlog.testing import capture_logs

from billing import late, leases, statements
from billing.models import Admission, UsageEvent, Worker
from billing.settlement import SETTLE, Settlement, parameters
from catalog import pricing
from catalog.models import Model, PriceVersion, Provider, Rate
from kernel import clock, postgres
from tests.billing import rows

ADMITTED = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=datetime.UTC)


def worker(heartbeat: datetime.datetime) -> UUID:
    made = uuid.uuid4()
    Worker.objects.create(worker_id=made, host="h", pid=1, started_at=heartbeat, heartbeat_at=heartbeat)
    return made


def dead() -> UUID:
    return worker(clock.now() - datetime.timedelta(minutes=1))


@transaction.atomic
def price(provider: Provider | None = None, **rates: int) -> dict[str, Any]:
    """Save a model with a price; return the columns that pin a lease to it."""
    name = f"sandbox/{uuid.uuid4()}"
    model = Model.objects.create(
        public_id=name,
        name=name,
        author="sandbox",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    versions = []
    for of in (None, provider) if provider else (None,):
        version = PriceVersion.objects.create(model=model, provider=of, valid_from=ADMITTED, source="test")
        versions.append(version.pk)
        for token_class, amount in rates.items():
            Rate.objects.create(
                price_version=version,
                token_class=token_class,
                micro_usd_per_million=amount // 2 if of else amount,
            )
    return {"model_id": model.pk, "price_version_id": versions[0]}


def reap_all() -> None:
    """Reap until nothing is left: other tests leave leases of their own."""
    while leases.reap(clock.now()):
        pass


@pytest.mark.django_db
def test_a_request_cut_by_a_crash_is_charged_by_its_checkpoint() -> None:
    workspace, provider = rows.workspace(), Provider.objects.create(slug="p", name="P")
    request = rows.admit(
        workspace,
        hold=90_000,
        stream=True,
        worker_id=dead(),
        admitted_at=ADMITTED,
        first_byte_at=ADMITTED + datetime.timedelta(milliseconds=1500),
        progress_input=10,
        progress_output=7,
        provider_id=provider.pk,
        multipliers="3:1400000",
        tag="nightly",
        **price(provider, input=1000, output=3000),
    )
    reap_all()
    event = UsageEvent.objects.get(request_id=request)
    assert (event.status, event.usage_source, event.http_status) == ("reaped", "checkpoint", 200)
    assert (event.error_code, event.attempts) == ("", 1)
    assert (event.input_tokens, event.output_tokens) == (10, 7)
    assert (event.cost, event.provider_cost) == (43, 16)  # 31 × 1.4 = 43.4; 15.5 rounds up
    assert (event.ttfb_ms, event.tag, event.multipliers, event.provider_id) == (
        *(1500, "nightly", "3:1400000"),
        provider.pk,
    )
    account = rows.account(workspace)
    assert {"held": 0, "unbilled": 43, "open_streams": 0}.items() <= account.items()
    assert event.charge_no == account["charge_no"]
    assert not Admission.objects.filter(request_id=request).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("progress", "answered"),
    [
        ({"progress_input": 10}, (503, "UNAVAILABLE")),
        ({"progress_input": 10, "first_byte_at": ADMITTED}, (200, "")),
    ],
)
def test_a_request_that_delivered_nothing_is_free(
    progress: dict[str, Any], answered: tuple[int, str]
) -> None:
    workspace = rows.workspace()
    request = rows.admit(workspace, hold=9, worker_id=dead(), **progress, **price(input=1000, output=1000))
    reap_all()
    event = UsageEvent.objects.get(request_id=request)
    assert (event.status, event.usage_source) == ("reaped", "none")
    assert (event.http_status, event.error_code) == answered
    assert (event.cost, event.provider_cost, event.input_tokens, event.attempts) == (0, 0, 0, 0)
    assert {"held": 0, "unbilled": 0}.items() <= rows.account(workspace).items()


@pytest.mark.django_db
def test_requests_of_a_living_worker_go_on(settings: Settings) -> None:
    workspace = rows.workspace()
    heard = clock.now()
    silent = heard + datetime.timedelta(seconds=settings.WORKER_SILENCE_SECONDS)
    request = rows.admit(workspace, worker_id=worker(heard), **price(input=1, output=1))
    while leases.reap(silent):
        pass
    assert Admission.objects.filter(request_id=request).exists()
    while leases.reap(silent + datetime.timedelta(seconds=1)):
        pass
    assert not Admission.objects.filter(request_id=request).exists()


@pytest.mark.django_db
def test_requests_of_a_worker_that_nobody_knows_are_ended() -> None:
    request = rows.admit(rows.workspace(), **price(input=1, output=1))
    reap_all()
    assert UsageEvent.objects.get(request_id=request).status == "reaped"


@pytest.mark.django_db
def test_a_lease_that_cannot_be_priced_stops_no_other() -> None:
    workspace = rows.workspace()
    delivered: dict[str, Any] = {
        "first_byte_at": ADMITTED,
        "progress_input": 1,
        "progress_output": 1,
        "worker_id": dead(),
    }
    unpriced = rows.admit(workspace, **delivered, price_version_id=0)
    halfway = rows.admit(workspace, **delivered, **price(input=1))
    garbled = rows.admit(workspace, **delivered, **price(input=1, output=1) | {"multipliers": "x"})
    sound = rows.admit(workspace, **delivered, **price(input=1000, output=1000), hold=2)
    with capture_logs() as logs:
        reap_all()
    told = {(line["event"], line["request_id"]) for line in logs}
    assert told >= {("a lease cannot be priced", str(each)) for each in (unpriced, halfway, garbled)}
    left = set(Admission.objects.filter(workspace_id=workspace).values_list("request_id", flat=True))
    assert left == {unpriced, halfway, garbled}
    event = UsageEvent.objects.get(request_id=sound)
    assert (event.cost, event.provider_cost) == (2, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("unpriced", [4, 5])
def test_a_page_of_leases_that_cannot_be_priced_stops_no_younger_one(
    monkeypatch: pytest.MonkeyPatch, unpriced: int
) -> None:
    reap_all()  # other tests leave leases of their own
    monkeypatch.setattr(leases, "_BATCH", 2)
    workspace = rows.workspace()
    delivered: dict[str, Any] = {"first_byte_at": ADMITTED, "progress_output": 1, "worker_id": dead()}
    kept = {
        rows.admit(workspace, **delivered, price_version_id=0, admitted_at=ADMITTED) for _ in range(unpriced)
    }
    young = rows.admit(workspace, worker_id=dead(), admitted_at=ADMITTED + datetime.timedelta(seconds=1))
    assert leases.reap(clock.now()) >= 1
    assert UsageEvent.objects.get(request_id=young).status == "reaped"
    reap_all()
    left = Admission.objects.filter(workspace_id=workspace).values_list("request_id", flat=True)
    assert set(left) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(("open_days", "latency"), [(30, 2**31 - 1), (-1, 0)])
def test_a_request_took_no_longer_than_the_column_holds_and_no_less_than_nothing(
    open_days: int, latency: int
) -> None:
    began = clock.now() - datetime.timedelta(days=open_days)
    request = rows.admit(rows.workspace(), worker_id=dead(), admitted_at=began)
    reap_all()
    assert UsageEvent.objects.get(request_id=request).latency_ms == latency


@pytest.mark.django_db
def test_workers_are_forgotten_after_a_day_but_not_with_a_lease() -> None:
    now = clock.now()
    a_day_ago = now - datetime.timedelta(days=1)
    long_ago = a_day_ago - datetime.timedelta(seconds=1)
    gone, holder, alive = worker(long_ago), worker(long_ago), worker(a_day_ago)
    rows.admit(rows.workspace(), worker_id=holder)
    assert leases.forget_workers(now) >= 1
    known = set(
        Worker.objects.filter(worker_id__in=[gone, holder, alive]).values_list("worker_id", flat=True)
    )
    assert known == {holder, alive}


@pytest.mark.usefixtures("committed")
def test_two_reapers_end_a_request_once() -> None:
    workspace, gone = rows.workspace(), dead()
    pinned_to = price(input=1000, output=1000)
    for _ in range(40):
        rows.admit(
            workspace,
            hold=5,
            stream=True,
            worker_id=gone,
            first_byte_at=clock.now(),
            progress_input=1,
            progress_output=2,
            **pinned_to,
        )

    def reap(_: int) -> int:
        try:
            return sum(leases.reap(clock.now()) for _ in range(3))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(reap, range(4))) >= 40
    assert rows.count("billing_usage_event", workspace) == 40
    assert {"held": 0, "open_streams": 0, "unbilled": 120}.items() <= rows.account(workspace).items()


@pytest.mark.usefixtures("committed")
def test_a_worker_that_settled_first_leaves_nothing_to_reap() -> None:
    workspace = rows.workspace()
    request = rows.admit(workspace, hold=5, worker_id=dead(), **price(input=1, output=1))
    settled = Settlement(
        request_id=request,
        workspace_id=workspace,
        status="ok",
        http_status=200,
        usage_source="upstream",
        cost=4,
        multipliers="",
    )
    with psycopg.connect(postgres.conninfo(), autocommit=True) as other:
        psycopg.RawCursor(other).execute(SETTLE.encode(), parameters([settled]))
    reap_all()
    [event] = UsageEvent.objects.filter(request_id=request)
    assert (event.status, event.cost) == ("ok", 4)
    assert rows.account(workspace)["unbilled"] == 4


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    "checkpoint", [{}, {"first_byte_at": ADMITTED, "progress_input": 3, "progress_output": 2}]
)
def test_a_worker_that_wakes_late_corrects_what_the_reaper_wrote(checkpoint: dict[str, Any]) -> None:
    workspace = rows.workspace()
    pinned_to = price(input=1000, output=1000)
    request = rows.admit(workspace, hold=50, stream=True, worker_id=dead(), **checkpoint, **pinned_to)
    reap_all()
    answer = Settlement(
        request_id=request,
        workspace_id=workspace,
        status="ok",
        http_status=200,
        usage_source="upstream",
        cost=13,
        multipliers="",
        counts=pricing.Counts(input=3, output=10),
    )

    async def settle() -> list[str | None]:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as woken:
            return [*await late.settle(woken, [answer]), *await late.settle(woken, [answer])]

    assert asyncio.run(settle())[0] == "corrected"
    assert {"held": 0, "open_streams": 0, "unbilled": 13}.items() <= rows.account(workspace).items()
    today = clock.utc_day(clock.now())
    total = statements.totals(workspace, today, today)
    assert (total.requests, total.input_tokens, total.output_tokens, total.cost) == (1, 3, 10, 13)


@pytest.mark.usefixtures("committed")
def test_a_stuck_account_delays_nobody_else() -> None:
    stuck, free = rows.workspace(), rows.workspace()
    gone, pinned_to = dead(), price(input=1, output=1)
    left = rows.admit(stuck, worker_id=gone, **pinned_to)
    rows.admit(free, worker_id=gone, **pinned_to)
    with rows.locked(stuck):
        assert leases.reap(clock.now()) >= 1
        assert rows.count("billing_usage_event", free) == 1
        assert rows.count("billing_usage_event", stuck) == 0
    reap_all()
    assert UsageEvent.objects.get(workspace_id=stuck).request_id == left


@pytest.mark.usefixtures("committed")
def test_a_lock_is_waited_for_briefly_whatever_the_session_would_wait() -> None:
    stuck, free = rows.workspace(), rows.workspace()
    gone, pinned_to = dead(), price(input=1, output=1)
    for workspace in (stuck, free):
        rows.admit(workspace, worker_id=gone, **pinned_to)
    rows.run("SET lock_timeout = 0; SET statement_timeout = '5s'")
    try:
        with rows.locked(stuck):
            assert leases.reap(clock.now()) >= 1
    finally:
        rows.run("RESET lock_timeout; RESET statement_timeout")
    assert (rows.count("billing_usage_event", free), rows.count("billing_usage_event", stuck)) == (1, 0)


@pytest.mark.usefixtures("committed")
def test_what_else_fails_is_told() -> None:
    stuck = rows.workspace()
    rows.admit(stuck, worker_id=dead(), **price(input=1, output=1))
    with rows.locked(stuck), transaction.atomic():
        rows.run("SET LOCAL statement_timeout = '100ms'")
        with pytest.raises(OperationalError, match="statement timeout"):
            leases.reap(clock.now())
