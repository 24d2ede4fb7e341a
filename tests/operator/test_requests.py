"""The operator's page of requests: what its time held above it, by what it is narrowed, and how one request went."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, Workspace
from billing import figures, rollup, volume
from billing.admin_requests_bars import Block, drawn
from billing.models import Attempt, UsageEvent
from billing.volume import Bar, Volume
from billing.waterfall import waterfall
from kernel import clock, ids
from tests.billing import rows
from tests.billing.proof import lives
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

PAGE = "billing_usageevent_changelist"
HOUR = timedelta(hours=1)


def refused(workspace: int, number: int, *, code: str = "CREDITS_HELD", model: str = "") -> None:
    rows.run(
        "INSERT INTO billing_refusal_count (workspace_id, minute_no, api_key_id, model, code, refusals)"
        " VALUES (%s, %s, 1, %s, %s, %s)",
        *(workspace, clock.minute_number(), model, code, number),
    )


def used(*, failed: int = 0) -> int:
    """Make a workspace with four posted requests of this moment, of which some failed."""
    workspace = rows.workspace()
    for place in range(4):
        status = "failed" if place < failed else "ok"
        rows.settle(
            workspace, cost=0 if status == "failed" else 1_000_000, status=status, usage_source="upstream"
        )
    lives.charge(workspace)
    return workspace


def test_a_volume_holds_what_was_made_failed_and_refused() -> None:
    workspace = used(failed=1)
    refused(workspace, 7)
    now = clock.now()
    found = volume.posted(now - 24 * HOUR, now, workspace_id=workspace).volume()
    assert (found.made, found.failed, found.refused, found.cost) == (4, 1, 7, 3_000_000)
    assert found.step == timedelta(minutes=15)
    assert found.bars[-1].made == 4
    assert volume.posted(now - 24 * HOUR, now, workspace_id=workspace, provider_id=5).volume().refused == 0
    assert volume.posted(now - 24 * HOUR, now, workspace_id=-1).volume().made == 0


@pytest.mark.parametrize(("days", "step"), [(7, HOUR), (30, timedelta(days=1))])
def test_a_long_time_is_told_in_hours_and_a_longer_one_in_days(days: int, step: timedelta) -> None:
    workspace = used()
    now = clock.now()
    found = volume.posted(now - timedelta(days=days), now, workspace_id=workspace).volume()
    assert (found.step, found.made) == (step, 4)
    assert len(found.bars) <= 200


def test_bars_stack_to_their_counts_and_the_smallest_is_seen() -> None:
    now = clock.now()
    made = drawn(Volume(HOUR, (Bar(now, 100, 0, 0), Bar(now + HOUR, 10_000, 1, 0), Bar(now + 2 * HOUR)), 0))
    assert made.first == f"{figures.day(now.date())} {now:%H:%M}"
    heights = {(block.kind, block.x): block.height for block in made.blocks}
    assert heights[("made", 0.0)] < heights[("made", 33.333)]
    assert heights[("failed", 33.333)] >= 1.5
    assert all(block.y >= 0 and block.y + block.height <= 100.01 for block in made.blocks)
    assert "10,100 let in, 1 of them failed, 0 refused" in made.words
    assert len(made.rows) == 2


def test_bars_of_days_stand_side_by_side_and_the_fullest_leaves_room_for_the_smallest() -> None:
    day, now = timedelta(days=1), clock.now()
    made = drawn(Volume(day, (Bar(now), Bar(now + day, 3, 1, 4), Bar(now + 2 * day, 5)), 0))
    assert made.blocks == (
        Block("made", 33.333, 72.286, 26.667, 27.714),
        Block("failed", 33.333, 58.429, 26.667, 13.857),
        Block("refused", 33.333, 3.0, 26.667, 55.429),
        Block("made", 66.667, 30.714, 26.667, 69.286),
    )
    assert (made.first, made.last) == (figures.day(now.date()), figures.day((now + 2 * day).date()))


def test_the_page_shows_the_sums_of_its_time_and_leads_to_who_was_refused(operator: Client) -> None:
    workspace = used(failed=2)
    refused(workspace, 9)
    shown = text(operator, PAGE, query=f"?workspace={workspace}&day=24h")
    assert "<b>4</b> requests" in shown
    assert "<b>2</b> failed" in shown
    assert "<b>9</b> refused" in shown
    assert f"/admin/billing/refusal/?day=24h&amp;workspace={workspace}" in shown
    assert "none is kept by" not in shown
    assert "none is kept by status" in text(operator, PAGE, query="?status=failed")
    shown = text(operator, PAGE, query=f"?workspace={workspace}")
    assert "<b>4</b> requests" in shown
    assert "Bars and sums are of the last 8 days." in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=failed", 1),
        ("status=ok", 3),
        ("end=length", 1),
        ("end=cut", 3),
        ("source=counted", 1),
        ("suspect=yes", 1),
        ("out=1000", 1),
        ("out=0", 3),
        ("charge=0", 1),
        ("charge=0.01", 1),
        ("took=5000", 1),
        ("status=nonsense", 4),
        ("key=77", 1),
        ("key=²", 4),
        ("key=99999999999999999999999", 0),
        ("model=4242", 1),
        ("model=x", 4),
        ("provider=4243", 1),
        ("provider=²", 4),
        ("workspace=99999999999999999999999", 0),
    ],
)
def test_requests_are_narrowed(operator: Client, query: str, found: int) -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=0, status="failed", http_status=502, usage_source="none")
    rows.settle(
        workspace,
        cost=1,
        finish_reason="length",
        suspect=True,
        api_key_id=77,
        model_id=4242,
        provider_id=4243,
    )
    rows.settle(workspace, cost=10**8, output_tokens=5_000, usage_source="counted")
    rows.settle(workspace, cost=1, latency_ms=9_000)
    page = operator.get(f"/admin/billing/usageevent/?workspace={workspace}&{query}").context["cl"]
    assert len(page.result_list) == found


def test_the_keys_of_a_workspace_are_offered_and_the_one_that_was_asked_for(operator: Client) -> None:
    key = ApiKey.objects.get()

    def offered(query: str, title: str = "key") -> list[tuple[str, str]]:
        specs = operator.get(f"/admin/billing/usageevent/{query}").context["cl"].filter_specs
        return [choice for spec in specs if spec.title == title for choice in spec.lookup_choices]

    known = (str(key.pk), str(key))
    assert offered("") == []
    assert offered(f"?key={key.pk}") == [known]
    assert offered("?key=77777777") == [("77777777", "#77777777")]
    assert offered(f"?workspace={key.workspace_id}&key=77777777") == [known, ("77777777", "#77777777")]
    workspace = Workspace.objects.get()
    assert offered(f"?workspace={workspace.pk}", "workspace") == [(str(workspace.pk), "Northwind Labs")]
    assert offered("?workspace=77777777", "workspace") == [("77777777", "#77777777")]
    assert offered("?workspace=²", "workspace") == []


def test_a_workspaces_requests_are_in_the_order_in_which_they_are_charged(operator: Client) -> None:
    workspace, begun_first = rows.workspace(), ids.request_id()
    settled_first = rows.settle(workspace, cost=5)
    rollup.close(workspace)
    rows.settle(workspace, cost=7, request_id=begun_first)
    page = operator.get(f"/admin/billing/usageevent/?workspace={workspace}").context["cl"]
    assert [row.request_id for row in page.result_list] == [begun_first, settled_first]


def test_a_correction_is_no_further_request_but_is_found_by_the_requests_id(operator: Client) -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=5)
    rows.settle(workspace, cost=-2, request_id=request, rev=1)
    assert (
        len(operator.get(f"/admin/billing/usageevent/?workspace={workspace}").context["cl"].result_list) == 1
    )
    assert len(operator.get(f"/admin/billing/usageevent/?q={request}").context["cl"].result_list) == 2


def _event(**columns: Any) -> UsageEvent:
    now = clock.now()
    request = rows.settle(rows.workspace(), admitted_at=now, **columns)
    return UsageEvent.objects.get(pk=request)


def _tried(
    event: UsageEvent, number: int, *, after: int, took: int, http: int | None, outcome: str = "status"
) -> None:
    at = event.admitted_at + timedelta(milliseconds=after)
    rows.run(
        "INSERT INTO billing_attempt VALUES (%s, %s, %s, %s, 3, 1, 'up', %s, %s, %s, %s)",
        *(
            ids.revision_id(event.request_id, number),
            event.request_id,
            event.workspace_id,
            number,
            outcome,
            http,
            at,
            took,
        ),
    )


def test_a_waterfall_lays_tries_and_waits_on_one_scale() -> None:
    event = _event(provider_id=4, ttfb_ms=800, latency_ms=1_000)
    _tried(event, 1, after=4, took=196, http=503)
    _tried(event, 2, after=400, took=100, http=None, outcome="timeout")
    made = waterfall(event, list(Attempt.objects.order_by("id")), {3: "slow", 4: "good"})
    assert [(lane.name, lane.says, lane.failed) for lane in made.lanes] == [
        ("Tollway", "4\u00a0ms", False),
        ("1 slow", "503", True),
        ("wait", "200\u00a0ms", False),
        ("2 slow", "timeout", True),
        ("3 good", "500\u00a0ms", False),
    ]
    waiting, streaming = made.lanes[-1].parts
    assert (waiting.x, waiting.end, streaming.x, streaming.end) == (50.0, 80.0, 80.0, 100.0)
    assert made.first_token == "first token 800\u00a0ms"
    assert made.words == "3 attempts in 1.00\u00a0s."


def test_a_waterfall_of_a_request_that_no_upstream_served_has_its_failed_tries_alone() -> None:
    event = _event(provider_id=0, status="failed", http_status=502, latency_ms=0)
    _tried(event, 1, after=0, took=5_000, http=None, outcome="timeout")
    made = waterfall(event, list(Attempt.objects.all()), {})
    assert [lane.name for lane in made.lanes] == ["Tollway", "1 upstream"]
    assert made.end == "5.00\u00a0s"
    assert made.first_token == ""


def test_a_request_shows_its_tries_in_as_many_queries_as_it_has(operator: Client) -> None:
    event = _event(provider_id=4, ttfb_ms=10, latency_ms=20)
    address = f"/admin/billing/usageevent/{event.pk}/change/"
    assert "1 attempt in" in operator.get(address).content.decode()
    with CaptureQueriesContext(connection) as one:
        operator.get(address)
    for number in (1, 2, 3):
        _tried(event, number, after=number, took=1, http=500)
    with CaptureQueriesContext(connection) as four:
        assert "4 attempts in" in operator.get(address).content.decode()
    assert len(one) == len(four)


@pytest.mark.parametrize("key", ["nonsense", "01a2029d-620e-71b3-afb5-ae58551e2100"])
def test_a_request_that_is_not_there_is_told_so(operator: Client, key: str) -> None:
    assert operator.get(f"/admin/billing/usageevent/{key}/change/").status_code == 302
