"""Settling: a lease becomes one event, and its account gets back exactly what was held for it."""

from typing import Any
from uuid import UUID

import pytest

from billing import budgets
from billing.models import Attempt, KeyBudget, UsageEvent
from billing.settlement import SETTLE, FailedAttempt, Settlement, parameters
from catalog.pricing import CLASSES, Counts
from kernel import clock, ids

from . import rows
from .test_taking import raw, say

pytestmark = pytest.mark.django_db

HALF_PAST_TEN = 20_000 * 1440 + 630
WINDOWS = ("minute_count", "hour_count", "day_count")


def settled(*items: Settlement) -> set[UUID]:
    return {request for (request,) in raw(SETTLE, parameters(items))}


def settlement(workspace: int, request: UUID, **fields: Any) -> Settlement:
    plain = {"status": "ok", "http_status": 200, "usage_source": "upstream", "cost": 7, "multipliers": ""}
    return Settlement(request_id=request, workspace_id=workspace, **{**plain, **fields})


def test_holds_slots_and_costs_move_by_what_was_settled() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    requests = [rows.admit(workspace, hold=hold, stream=True) for hold in (20, 40, 50)]
    left = rows.admit(other, hold=9, stream=True)
    say(workspace, unbilled=5)
    assert settled(*(settlement(workspace, request) for request in requests[:2])) == set(requests[:2])
    account = rows.account(workspace)
    assert (account["held"], account["open_streams"], account["unbilled"]) == (50, 1, 5 + 2 * 7)
    assert (rows.account(other)["held"], rows.account(other)["open_streams"]) == (9, 1)
    assert rows.count("billing_admission", workspace) == rows.count("billing_admission", other) == 1
    assert settled(settlement(other, left, cost=0)) == {left}


def test_what_has_no_lease_of_the_workspace_is_not_settled() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    request = rows.admit(workspace, hold=20)
    assert settled(settlement(other, request), settlement(workspace, ids.request_id())) == set()
    assert rows.count("billing_usage_event", workspace) == rows.count("billing_usage_event", other) == 0
    assert rows.account(workspace)["held"] == 20
    assert settled(settlement(workspace, request)) == {request}
    assert settled(settlement(workspace, request)) == set()
    assert rows.account(workspace)["unbilled"] == 7


@pytest.mark.parametrize(
    ("ago", "counts"),
    [
        (0, (7, 7, 7)),
        (1, (10, 7, 7)),
        (30, (10, 7, 7)),
        (31, (10, 10, 7)),
        (630, (10, 10, 7)),
        (631, (10, 10, 10)),
    ],
)
def test_units_go_back_to_the_windows_that_are_still_the_requests(ago: int, counts: tuple[int, ...]) -> None:
    workspace = rows.workspace()
    say(workspace, minute_no=HALF_PAST_TEN, **dict.fromkeys(WINDOWS, 10))
    one, other = (rows.admit(workspace, weight=5, minute_no=HALF_PAST_TEN - ago) for _ in range(2))
    settled(settlement(workspace, one, returned=2), settlement(workspace, other, returned=1))
    account = rows.account(workspace)
    assert tuple(account[window] for window in WINDOWS) == counts
    assert [UsageEvent.objects.get(request_id=request).weight for request in (one, other)] == [3, 4]


def test_units_go_back_to_nothing_at_the_least() -> None:
    workspace = rows.workspace()
    say(workspace, minute_no=HALF_PAST_TEN, **dict.fromkeys(WINDOWS, 2))
    request = rows.admit(workspace, weight=5, minute_no=HALF_PAST_TEN)
    settled(settlement(workspace, request, returned=3))
    assert [rows.account(workspace)[window] for window in WINDOWS] == [0, 0, 0]


@pytest.mark.parametrize(("served", "told"), [(0, (11, 12, 13)), (9, (9, 9, 9))])
def test_the_event_names_what_served_or_else_what_was_admitted(served: int, told: tuple[int, ...]) -> None:
    workspace = rows.workspace()
    request = rows.admit(workspace, model_id=11, chain_id=12, price_version_id=13, hold=3, tag="t")
    counts = Counts(**{name: place for place, name in enumerate(CLASSES, 1)})
    settled(
        settlement(
            workspace,
            request,
            model_id=served,
            chain_id=served,
            price_version_id=served,
            counts=counts,
            provider_cost=4,
            multipliers="1:2",
        )
    )
    event = UsageEvent.objects.get(request_id=request)
    assert (event.model_id, event.chain_id, event.price_version_id) == told
    assert (event.cost, event.provider_cost, event.hold, event.multipliers, event.tag) == (
        7,
        4,
        3,
        "1:2",
        "t",
    )
    assert (event.input_tokens, event.reasoning_tokens, event.web_searches) == (1, 6, 12)
    assert event.id == event.request_id == request


def budgeted(spent: int, held: int, window_day: int) -> int:
    """Make a workspace whose key 1 has a budget by the day that stands like this."""
    workspace = rows.workspace()
    budgets.put(workspace, 1, limit=1000, period=KeyBudget.Period.DAY, actor="x")
    rows.run(
        "UPDATE billing_key_budget SET spent = %s, held = %s, window_day = %s WHERE workspace_id = %s",
        spent,
        held,
        window_day,
        workspace,
    )
    return workspace


@pytest.mark.parametrize(
    ("window_day", "spent", "stands_at"),
    [(20_000, 100 + 7 + 7, 20_000), (20_001, 100, 20_001), (19_999, 7 + 7, 20_000)],
)
def test_budgets_count_what_is_of_their_window(window_day: int, spent: int, stands_at: int) -> None:
    workspace = budgeted(100, 90, window_day)
    counted = [rows.admit(workspace, hold=20, budgeted=True, minute_no=HALF_PAST_TEN) for _ in range(2)]
    before = rows.admit(workspace, hold=30, budgeted=True, minute_no=HALF_PAST_TEN - 3 * 1440)
    without = rows.admit(workspace, hold=5, budgeted=False, api_key_id=2, minute_no=HALF_PAST_TEN)
    budgets.put(workspace, 3, limit=1000, period=KeyBudget.Period.NONE, actor="x")
    other = budgeted(50, 60, 20_000)
    settled(*(settlement(workspace, request) for request in (*counted, before, without)))
    standing = KeyBudget.objects.order_by("api_key_id").values_list("spent", "held", "window_day")
    assert list(standing.filter(workspace_id=workspace)) == [(spent, 90 - 2 * 20 - 30, stands_at), (0, 0, 0)]
    assert list(standing.filter(workspace_id=other)) == [(50, 60, 20_000)]


def test_each_failed_attempt_is_kept_with_what_it_answered() -> None:
    workspace = rows.workspace()
    request = rows.admit(workspace)
    began = clock.now()
    tries = tuple(
        FailedAttempt(number, 5, 6, "up", "refused", status, began, 7)
        for number, status in ((1, 503), (2, None))
    )
    settled(settlement(workspace, request, failed_attempts=tries))
    kept = Attempt.objects.filter(workspace_id=workspace).order_by("number")
    told = kept.values_list("request_id", "number", "http_status", "started_at", "milliseconds")
    assert list(told) == [(request, 1, 503, began, 7), (request, 2, None, began, 7)]


def test_budgets_that_were_put_later_hold_nothing_for_a_request() -> None:
    workspace = budgeted(0, 90, 20_000)
    request = rows.admit(workspace, hold=20, budgeted=False, minute_no=HALF_PAST_TEN)
    settled(settlement(workspace, request))
    assert KeyBudget.objects.get(workspace_id=workspace).held == 90
