"""Budgets: what one key may spend is exact under concurrency, counts what is open, and begins anew with its window."""

import datetime
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing import budgets, leases, rollup
from billing.admission import Ask, Granted, Refused
from billing.gate import Gate
from billing.models import Admission, KeyBudget
from billing.proof.lots import LOTS
from billing.proof.rules import Scope, check, snapshot
from kernel import clock, ids

from . import rows
from .test_admission import ask
from .test_gate import settlement, verdicts, with_gate

pytestmark = pytest.mark.usefixtures("committed")

DAY, WEEK, MONTH, NONE = (
    KeyBudget.Period.DAY,
    KeyBudget.Period.WEEK,
    KeyBudget.Period.MONTH,
    KeyBudget.Period.NONE,
)
EPOCH = datetime.date(1970, 1, 1)


def funded() -> tuple[int, int]:
    workspace = rows.workspace()
    rows.fund(workspace, 1_000_000)
    return workspace, ids.request_id().int % 10**12


def wish(workspace: int, key: int, hold: int = 100) -> Ask:
    return ask(workspace_id=workspace, api_key_id=key, hold=hold, minute_cap=None)


def put(workspace: int, key: int, limit: int, period: KeyBudget.Period = DAY) -> budgets.Budget:
    return budgets.put(workspace, key, limit=limit, period=period, actor="owner@example.com")


def standing(workspace: int, key: int) -> tuple[int, int]:
    row = KeyBudget.objects.get(workspace_id=workspace, api_key_id=key)
    return row.spent, row.held


def admitted(found: list[Granted | str]) -> int:
    return sum(isinstance(verdict, Granted) for verdict in found)


def test_exactly_as_many_begin_as_the_budget_covers() -> None:
    workspace, key = funded()
    put(workspace, key, 450)

    async def work(gate: Gate) -> None:
        found = await verdicts(gate, [wish(workspace, key) for _ in range(100)])
        assert admitted(found) == 4
        assert {verdict for verdict in found if isinstance(verdict, str)} == {"KEY_BUDGET_EXCEEDED"}

    with_gate(work)
    assert standing(workspace, key) == (0, 400)
    assert rows.account(workspace)["held"] == 400


def test_other_keys_of_the_workspace_go_on_in_the_same_batch() -> None:
    workspace, key = funded()
    put(workspace, key, 0)

    async def work(gate: Gate) -> None:
        found = await verdicts(gate, [wish(workspace, key if n % 2 else key + 1) for n in range(40)])
        assert [isinstance(verdict, Granted) for verdict in found] == [n % 2 == 0 for n in range(40)]

    with_gate(work)


def test_a_refusal_names_the_budget_what_is_used_and_when_it_renews() -> None:
    workspace, key = funded()
    put(workspace, key, 150)

    async def work(gate: Gate) -> None:
        await gate.admit(wish(workspace, key))
        with pytest.raises(Refused) as refused:
            await gate.admit(wish(workspace, key))
        found = refused.value
        assert (found.code, found.limit, found.used) == ("KEY_BUDGET_EXCEEDED", 150, 100)
        assert (found.required, found.available) == (100, 50)
        tomorrow = clock.utc_day(clock.now()) + datetime.timedelta(days=1)
        assert found.resets_at == datetime.datetime.combine(tomorrow, datetime.time(), datetime.UTC)

    with_gate(work)


def test_what_is_settled_counts_by_its_cost_and_its_hold_returns() -> None:
    workspace, key = funded()
    put(workspace, key, 500)

    async def work(gate: Gate) -> None:
        first, second = wish(workspace, key, 300), wish(workspace, key, 200)
        for item, cost in ((first, 40), (second, 0)):
            await gate.admit(item)
            await gate.settle(settlement(item.request_id, workspace, cost=cost))
        assert admitted(await verdicts(gate, [wish(workspace, key, 460), wish(workspace, key, 461)])) == 1

    with_gate(work)
    assert standing(workspace, key) == (40, 460)


def test_a_free_request_needs_no_budget() -> None:
    workspace, key = funded()
    put(workspace, key, 0)

    async def work(gate: Gate) -> None:
        assert admitted(await verdicts(gate, [wish(workspace, key, 0)])) == 1

    with_gate(work)


def test_a_budget_that_is_put_counts_what_its_window_has_seen() -> None:
    workspace, key = funded()
    midnight = clock.minute_number() // 1440 * 1440

    def use(one: int, other: int) -> None:
        rows.settle(workspace, cost=one, api_key_id=key, model_id=1, minute_no=midnight)
        rows.settle(workspace, cost=other, api_key_id=key, model_id=2)
        rows.settle(workspace, cost=5, api_key_id=key + 1)
        rows.settle(workspace, cost=900, api_key_id=key, minute_no=midnight - 1)

    use(40, 30)
    rollup.close(workspace)
    rollup.post(workspace)
    use(15, 5)
    opened = rows.admit(workspace, hold=10, api_key_id=key)
    rows.admit(workspace, hold=20, api_key_id=key)
    rows.admit(workspace, hold=70, api_key_id=key + 1)
    budget = put(workspace, key, 200)
    assert (budget.spent, budget.held, budget.remaining) == (90, 30, 80)

    async def work(gate: Gate) -> None:
        await gate.settle(settlement(opened, workspace, cost=10))

    with_gate(work)
    assert standing(workspace, key) == (100, 20)


def test_a_new_window_begins_with_nothing_spent() -> None:
    workspace, key = funded()
    put(workspace, key, 100)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_key_budget SET window_day = window_day - 1, spent = 100 WHERE api_key_id = %s",
            [key],
        )
    budget = budgets.of_key(workspace, key)
    assert budget is not None
    assert budget.spent == 0

    async def work(gate: Gate) -> None:
        assert admitted(await verdicts(gate, [wish(workspace, key)])) == 1

    with_gate(work)
    assert standing(workspace, key) == (0, 100)


def test_usage_of_the_window_before_is_not_counted_in_this_one() -> None:
    workspace, key = funded()
    put(workspace, key, 100)
    late: UUID = rows.admit(workspace, hold=30, api_key_id=key, minute_no=clock.minute_number() - 1440)

    async def work(gate: Gate) -> None:
        await gate.settle(settlement(late, workspace, cost=10))

    with_gate(work)
    assert standing(workspace, key) == (0, 0)


def test_what_a_dead_worker_held_returns() -> None:
    workspace, key = funded()
    rows.admit(workspace, hold=30, api_key_id=key)
    put(workspace, key, 100)
    while leases.reap(clock.now()):  # other tests leave leases of their own
        pass
    assert standing(workspace, key) == (0, 0)


def test_a_budget_that_is_cleared_limits_nothing() -> None:
    workspace, key = funded()
    put(workspace, key, 0)
    assert [budgets.clear(workspace, key), budgets.clear(workspace, key)] == [True, False]
    assert budgets.of_key(workspace, key) is None

    async def work(gate: Gate) -> None:
        assert admitted(await verdicts(gate, [wish(workspace, key)])) == 1

    with_gate(work)


def test_clearing_a_budget_leaves_other_keys_theirs() -> None:
    workspace, key = funded()
    other, _ = funded()
    requests = [
        rows.admit(of, hold=30, api_key_id=each)
        for of, each in ((workspace, key), (workspace, key + 1), (other, key + 2))
    ]

    def budgeted() -> list[bool]:
        return [Admission.objects.get(request_id=request).budgeted for request in requests]

    put(workspace, key, 100)
    assert budgeted() == [True, False, False]
    put(workspace, key + 1, 100)
    put(other, key + 2, 100)
    assert budgets.clear(workspace, key)
    assert budgets.of_keys(workspace, [key]) == {}
    assert set(budgets.of_keys(workspace, [key, key + 1])) == {key + 1}
    assert set(budgets.of_keys(other, [key + 2])) == {key + 2}
    assert budgeted() == [False, True, True]


def test_a_budget_is_cleared_when_nothing_else_moves_the_account() -> None:
    workspace, key = funded()
    put(workspace, key, 100)
    with rows.locked(workspace), transaction.atomic():
        rows.run("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            budgets.clear(workspace, key)


@pytest.mark.parametrize(("spent", "remaining"), [(69, 1), (70, 0), (99, 0)])
def test_what_remains_is_nothing_at_the_least(spent: int, remaining: int) -> None:
    assert budgets.Budget("none", limit=100, spent=spent, held=30, resets_at=None).remaining == remaining


def test_a_budget_renews_at_the_end_of_its_window_or_never() -> None:
    workspace, key = funded()
    tomorrow = clock.utc_day(clock.now()) + datetime.timedelta(days=1)
    midnight = datetime.datetime.combine(tomorrow, datetime.time(), datetime.UTC)
    assert put(workspace, key, 100).resets_at == midnight
    assert put(workspace, key, 100, NONE).resets_at is None


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^limit: "):
        put(rows.workspace(), 1, -1)
    with pytest.raises(LookupError):
        put(-1, 1, 1)


def first_day(period: str, day: datetime.date) -> datetime.date:
    match period:
        case "day":
            return day
        case "week":
            return day - datetime.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case _:
            return EPOCH


@given(
    st.sampled_from(KeyBudget.Period.values),
    st.dates(EPOCH + datetime.timedelta(days=7), datetime.date(2500, 1, 1)),
)
def test_windows_are_calendar_days_weeks_and_months(period: str, day: datetime.date) -> None:
    minute = (day - EPOCH).days * 1440 + 77
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_window_day(%s, %s)", [period, minute])
        [found] = cursor.fetchone()
    assert EPOCH + datetime.timedelta(days=found) == first_day(period, day)


@pytest.mark.parametrize(
    ("limit", "spent", "held", "percent"),
    [
        (100, 30, 9, 39),
        (200, 30, 9, 19),
        (1_000, 999, 0, 99),
        (100, 60, 40, 100),
        (100, 90, 40, 100),
        (0, 0, 0, 100),
    ],
)
def test_what_is_taken_is_told_in_whole_percent(limit: int, spent: int, held: int, percent: int) -> None:
    assert budgets.Budget("none", limit, spent, held, resets_at=None).percent == percent


def test_the_audit_finds_what_a_budget_holds_for_nobody() -> None:
    workspace, key = funded()
    rows.admit(workspace, hold=30, api_key_id=key)
    put(workspace, key, 100)
    (rule,) = [rule for rule in LOTS if rule.name == "L5"]

    def found() -> list[tuple[str, str | None, str | None]]:
        with snapshot() as cursor:
            outcome = check(cursor, rule, Scope(workspace_id=workspace))
        return [(each.subject, each.expected, each.found) for each in outcome.findings]

    assert found() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_key_budget SET held = held + 1 WHERE api_key_id = %s", [key])
    assert found() == [(f"key {key}", "30", "31")]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_key_budget SET held = held - 1 WHERE api_key_id = %s", [key])
