"""Invariants: silent while the money is right, and each finds its own kind of wrong."""

import datetime
import json
import threading
import time
from io import StringIO
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from billing import invariants, ledger, recomputed, rollup, sums
from billing.models import LedgerEntry, LedgerTransaction
from catalog import pricing
from catalog.models import Model, PriceVersion, Rate
from kernel import clock, ids
from tests.billing import rows

DAY = datetime.date(2026, 11, 21)
MINUTE = (DAY - datetime.date(1970, 1, 1)).days * 1440


def findings(workspace: int) -> dict[str, list[tuple[object, ...]]]:
    """Return what each invariant finds in a workspace: day, subject, expected, found."""
    with connection.cursor() as cursor:
        outcomes = [
            invariants.check(cursor, invariant, workspace_id=workspace) for invariant in invariants.INVARIANTS
        ]
        outcomes.append(recomputed.check(cursor, workspace_id=workspace))
    return {
        outcome.name: [(row.day, row.subject, row.expected, row.found) for row in outcome.findings]
        for outcome in outcomes
        if outcome.broken
    }


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]


def price(**rates: int) -> tuple[int, int]:
    """Save a chat model with a price; return the ids of both."""
    name = f"sandbox/{ids.request_id()}"
    model = Model.objects.create(
        public_id=name,
        name=name,
        author="sandbox",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    version = PriceVersion.objects.create(model=model, valid_from=clock.now(), source="test")
    for token_class, amount in rates.items():
        Rate.objects.create(price_version=version, token_class=token_class, micro_usd_per_million=amount)
    return model.pk, version.pk


def life() -> int:
    """Make a workspace with everything in it: a top-up, open requests, posted, closed and open numbers."""
    workspace = rows.workspace()
    ledger.post(
        workspace_id=workspace,
        kind=LedgerTransaction.Kind.TOP_UP,
        amount=1_000_000,
        offset=LedgerEntry.Account.CLEARING,
        idem_key="k",
    )
    model, version = price(input=1_000_000, cached=100_000, output=3_000_000)
    pinned: dict[str, Any] = {
        "model_id": model,
        "price_version_id": version,
        "multipliers": "1:1400000",
    }
    for number in range(3):
        for day in range(2):
            rows.settle(
                workspace,
                cost=(5 * 1000 + 8 * 3000) * 14 // 10,
                minute_no=MINUTE + day * 1440,
                input_tokens=5,
                output_tokens=8,
                **pinned,
            )
        rows.settle(workspace, status="failed", http_status=502, input_tokens=9, minute_no=MINUTE, **pinned)
        if number < 2:
            rollup.close(workspace)
        if number < 1:
            rollup.post(workspace)
    rows.admit(workspace, hold=70)
    rows.admit(workspace, hold=5, stream=True)
    return workspace


@pytest.mark.django_db
def test_sound_money_has_no_findings() -> None:
    assert findings(life()) == {}


@pytest.mark.django_db
def test_every_rule_looks_at_something() -> None:
    workspace = life()
    rows.settle(workspace, request_id=rows.settle(workspace), rev=1)
    with connection.cursor() as cursor:
        for invariant in invariants.INVARIANTS:
            assert invariants.check(cursor, invariant, workspace_id=workspace).compared > 0
        assert recomputed.check(cursor, workspace_id=workspace).compared == 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "rule", "subject"),
    [
        ("posted", "I1", "posted"),
        ("seq", "I2", "last entry"),
        ("unbilled", "I4", "unbilled"),
        ("held", "I5", "held"),
        ("open_streams", "I5", "open streams"),
    ],
)
def test_an_account_that_is_off_by_one_is_found(column: str, rule: str, subject: str) -> None:
    workspace = life()
    run(f"UPDATE billing_account SET {column} = {column} + 1 WHERE workspace_id = %s", workspace)
    found = findings(workspace)
    assert rule in found
    assert set(found) <= {rule, "I9"}
    assert [row[1] for row in found[rule]] == [subject]


@pytest.mark.django_db
def test_a_workspace_without_an_account_is_found() -> None:
    workspace = rows.workspace()
    run("DELETE FROM billing_account WHERE workspace_id = %s", workspace)
    assert findings(workspace) == {"I1": [(None, "posted", "0", None)]}


@pytest.mark.django_db
def test_an_event_that_took_a_posted_number_is_found() -> None:
    workspace = life()
    rows.settle(workspace, cost=11, charge_no=1, minute_no=MINUTE, status="failed")
    found = findings(workspace)
    assert set(found) == {"I4", "I7", "I8 days", "I8 quarters", "Cost"}
    assert found["I7"] == [(DAY, "charge 1", "-40611", "-40600")]
    assert [row[0] for row in found["I8 days"]] == [DAY]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (
            "UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = {} AND requests = 2",
            {"I8 days", "I9"},
        ),
        ("UPDATE billing_daily_usage SET images = 1 WHERE workspace_id = {} AND requests = 2", {"I8 days"}),
        ("DELETE FROM billing_daily_usage WHERE workspace_id = {} AND requests = 2", {"I8 days", "I9"}),
        (
            "UPDATE billing_usage_bucket SET failed = 5 WHERE workspace_id = {} AND requests = 2",
            {"I8 quarters"},
        ),
        (
            "UPDATE billing_usage_bucket SET starts_at = starts_at + interval '15 min' WHERE workspace_id = {}",
            {"I8 quarters"},
        ),
    ],
)
def test_a_sum_that_is_not_its_events_is_found(change: str, rules: set[str]) -> None:
    workspace = life()
    run(change.format(workspace))
    assert set(findings(workspace)) == rules


@pytest.mark.django_db
def test_a_lease_beside_its_event_is_found() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, status="failed")
    rows.admit(workspace, request_id=request, minute_no=MINUTE)
    assert findings(workspace) == {"I6": [(DAY, f"open request {request}", "", "has an event ")]}


@pytest.mark.django_db
def test_a_lease_that_nobody_ended_is_found() -> None:
    workspace = rows.workspace()
    long_ago = clock.now() - datetime.timedelta(minutes=10)
    request = rows.admit(workspace, minute_no=MINUTE, admitted_at=long_ago)
    worker = ids.request_id()
    kept = rows.admit(workspace, admitted_at=long_ago, worker_id=worker)
    run("INSERT INTO billing_worker VALUES (%s, 'here', 1, now(), now())", worker)
    assert findings(workspace) == {"I6": [(DAY, f"open request {request}", "", "has no worker")]}
    run("UPDATE billing_worker SET heartbeat_at = now() - interval '10 min' WHERE worker_id = %s", worker)
    assert {row[1] for row in findings(workspace)["I6"]} == {
        f"open request {made}" for made in (request, kept)
    }


@pytest.mark.django_db
def test_a_correction_of_nothing_is_found() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, rev=1, minute_no=MINUTE)
    [(day, subject, _, found)] = findings(workspace)["I6"]
    assert (day, found) == (DAY, "has no event")
    assert subject.startswith("correction ")  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_charge_without_events_is_found() -> None:
    workspace = rows.workspace()
    run("UPDATE billing_account SET charge_no = 2 WHERE workspace_id = %s", workspace)
    with connection.cursor() as cursor:
        ledger.charge(cursor, workspace_id=workspace, charge_no=1, costs={DAY: 9}, actor="celery")
    found = findings(workspace)
    assert found["I7"] == [(DAY, "charge 1", None, "-9")]


@pytest.mark.django_db
@pytest.mark.parametrize("legs", [(), (("promotion", 5),)])
def test_a_transaction_without_balanced_legs_is_found(legs: tuple[tuple[str, int], ...]) -> None:
    workspace, made = rows.workspace(), ids.request_id()
    with transaction.atomic():
        run(
            "INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day)"
            " VALUES (%s, %s, 'grant', 'k', %s)",
            *(made, workspace, DAY),
        )
        for account, amount in legs:
            run(
                "INSERT INTO billing_ledger_entry (id, transaction_id, workspace_id, account, amount)"
                " VALUES (%s, %s, %s, %s, %s)",
                *(ids.request_id(), made, workspace, account, amount),
            )
        found = findings(workspace)
        transaction.set_rollback(True)  # the database would refuse to commit this
    assert found == {"I3": [(DAY, f"grant transaction {made}", "0", None)]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"input_tokens": 10, "output_tokens": 1, "cost": 12}, "13"),
        ({"input_tokens": 10, "output_tokens": 1, "cost": 0}, "13"),
        ({"input_tokens": 10, "output_tokens": 1, "cost": 13, "multipliers": "7:2000000"}, "26"),
        ({"cached_tokens": 10, "output_tokens": 1, "cost": 3}, "no rate for cached"),
        ({"cost": 5, "price_version_id": 0}, "price version 0 × ''"),
        ({"cost": 5, "multipliers": "x"}, "price version {} × 'x'"),
    ],
)
def test_a_cost_that_its_price_does_not_make_is_found(event: dict[str, object], expected: str) -> None:
    workspace = rows.workspace()
    model, version = price(input=1000, output=3000)
    pinned: dict[str, object] = {"model_id": model, "price_version_id": version, "minute_no": MINUTE}
    request = rows.settle(workspace, **(pinned | event))  # type: ignore[arg-type]
    assert findings(workspace) == {
        "Cost": [(DAY, f"request {request}", expected.format(version), str(event["cost"]))]
    }


@pytest.mark.django_db
def test_long_prompts_have_their_own_rates() -> None:
    workspace = rows.workspace()
    model, version = price(input=1000, output=3000, request=5000)
    for minimum, amount in ((100, 2000), (200, 4000)):
        Rate.objects.create(
            price_version_id=version,
            token_class="input",
            min_prompt_tokens=minimum,
            micro_usd_per_million=amount,
        )
    pinned = {"model_id": model, "price_version_id": version, "output_tokens": 1}
    costs = {0: 8, 1: 9, 100: 108, 101: 210, 200: 408, 201: 812}
    for prompt, cost in costs.items():
        rows.settle(workspace, cost=cost, input_tokens=prompt, **pinned)
    assert findings(workspace) == {}
    rows.settle(workspace, cost=costs[100], input_tokens=101, **pinned)
    assert [row[2:] for row in findings(workspace)["Cost"]] == [("210", "108")]


@pytest.mark.django_db
@given(
    counts=st.lists(st.integers(0, 2**24), min_size=12, max_size=12),
    rates=st.lists(st.integers(0, 10**9), min_size=12, max_size=12),
    factors=st.lists(st.integers(0, 5_000_000), max_size=3),
)
@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sql_and_python_reckon_alike(
    counts: list[int], rates: list[int], factors: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = pricing.RateCard(1, {n: ((0, r),) for n, r in zip(pricing.CLASSES, rates, strict=True)})
    chain = [pricing.Factor(id=n, ppm=ppm) for n, ppm in enumerate(factors)]
    cost = pricing.cost(card, pricing.Counts(*counts), chain)
    workspace = rows.workspace()
    model, version = price(**dict(zip(pricing.CLASSES, rates, strict=True)))
    rows.settle(
        workspace,
        cost=cost,
        model_id=model,
        price_version_id=version,
        multipliers=pricing.factors_text(chain),
        **dict(zip(sums.COUNTS, counts, strict=True)),
    )
    doubted = []
    monkeypatch.setattr(recomputed, "_judge", lambda request, _: doubted.append(request))
    with connection.cursor() as cursor:
        recomputed.check(cursor, workspace_id=workspace)
    assert doubted == []


@pytest.mark.django_db
def test_a_corrected_request_is_priced_as_a_whole() -> None:
    workspace = rows.workspace()
    model, version = price(input=500, output=500)
    pinned = {"model_id": model, "price_version_id": version}
    request = rows.settle(
        workspace, cost=2, input_tokens=1, output_tokens=2, status="reaped", **pinned
    )  # 1.5
    rows.settle(workspace, request_id=request, rev=1, cost=1, output_tokens=3, **pinned)  # 3, not 2 + 2
    assert findings(workspace) == {}


@pytest.mark.django_db
def test_only_answers_with_nothing_in_them_may_be_free() -> None:
    workspace = rows.workspace()
    model, version = price(input=1000, output=1000)
    pinned = {"model_id": model, "price_version_id": version, "input_tokens": 9}
    rows.settle(workspace, **pinned)
    assert findings(workspace) == {}
    Model.objects.filter(pk=model).update(capability="embedding")
    assert [row[2:] for row in findings(workspace)["Cost"]] == [("9", "0")]


def audit(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", *words, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("committed")
def test_the_command_says_what_it_compared() -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    status, said = audit("--workspace", str(workspace))
    assert status == 0
    assert "I8 quarters" in said
    assert "the money is right" in said
    status, said = audit("--workspace", str(workspace), "--json")
    answer = json.loads(said)
    assert (status, answer["sound"], len(answer["invariants"])) == (0, True, len(invariants.INVARIANTS) + 1)


@pytest.mark.usefixtures("committed")
def test_the_command_lists_what_is_broken_and_exits_1() -> None:
    workspace = rows.workspace()
    run("UPDATE billing_account SET unbilled = 5 WHERE workspace_id = %s", workspace)
    try:
        status, said = audit("--workspace", str(workspace))
        assert status == 1
        assert f"I4: workspace {workspace}: unbilled: expected 0, found 5" in said
        status, said = audit("--workspace", str(workspace), "--json")
        assert status == 1
        assert json.loads(said)["sound"] is False
    finally:
        run("UPDATE billing_account SET unbilled = 0 WHERE workspace_id = %s", workspace)


@pytest.mark.usefixtures("committed")
def test_live_traffic_makes_no_false_alarm() -> None:
    workspace = rows.workspace()
    until = time.monotonic() + 4

    def settle() -> None:
        try:
            while time.monotonic() < until:
                rows.settle(workspace)
                rows.admit(workspace, hold=1)
        finally:
            connection.close()

    def charge() -> None:
        try:
            while time.monotonic() < until:
                rollup.close(workspace)
                rollup.post(workspace)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for work in (settle, settle, charge)]
    for thread in threads:
        thread.start()
    try:
        rounds = 0
        while time.monotonic() < until:
            status, said = audit("--workspace", str(workspace))
            assert status == 0, said
            rounds += 1
    finally:
        for thread in threads:
            thread.join()
    assert rounds > 3
