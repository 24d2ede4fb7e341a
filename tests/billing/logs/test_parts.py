"""The parts that Logs is made of: how bars are drawn, how a line is read, and the calls that are copied."""

import json
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from django.test import Client

from accounts import keys
from accounts.models import Member, Workspace
from billing import reach, rollup
from billing.exploring import scope
from billing.logs import news, pane, reading, refusing, told
from billing.logs import page as logs_page
from billing.logs.bars import Bars
from billing.logs.calling import explained
from billing.logs.drawing import drawn
from billing.logs.lines import Writer
from billing.logs.marks import NOWHERE, Mark
from billing.volume import Bar
from catalog.models import Model
from catalog.pricing import Factor
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.logs.listing import ago, asked, page, refuse, settle, sought
from tests.billing.test_views import signed_in

BEGINS = datetime(2026, 11, 20, 9, tzinfo=UTC)


def bars(step: timedelta, *counts: tuple[int, int, int]) -> Bars:
    made = tuple(Bar(BEGINS + place * step, *each) for place, each in enumerate(counts))
    return Bars(step, made, BEGINS + len(made) * step, cost=0, counted=True)


def test_bars_are_drawn_in_hundredths_of_the_greatest_with_room_for_what_is_least() -> None:
    chart = drawn(bars(timedelta(minutes=15), (10, 0, 0), (6, 2, 1), (0, 0, 0), (1, 1, 9)), sought())
    assert [[(each.kind, each.y, each.height) for each in column.blocks] for column in chart.columns] == [
        [("made", "6.00", "94.00")],
        [("made", "62.40", "37.60"), ("failed", "43.60", "18.80"), ("refused", "34.20", "9.40")],
        [],
        [("failed", "90.60", "9.40"), ("refused", "6.00", "84.60")],
    ]
    assert chart.columns[1].words == "09:15: 6 let in, 2 failed, 1 refused"
    assert (chart.columns[1].begins, chart.columns[1].ends) == (
        "2026-11-20T09:15+00:00",
        "2026-11-20T09:30+00:00",
    )
    assert chart.labels == ("09:00", "09:15", "09:30", "09:45", "10:00")


def test_labels_say_as_much_of_a_moment_as_the_bars_are_long() -> None:
    told = {
        step: drawn(bars(step, *[(1, 0, 0)] * 4), sought()).labels[:2]
        for step in (timedelta(minutes=59), timedelta(hours=1), timedelta(days=1))
    }
    assert list(told.values()) == [
        ("09:00", "09:59"),
        ("20 Nov 09:00", "20 Nov 10:00"),
        ("20 Nov", "21 Nov"),
    ]


def test_a_charge_is_explained_by_a_call_that_names_the_request() -> None:
    request = UUID(int=7)
    said = explained("https://api.example/v1", request)
    assert said.startswith("curl https://api.example/v1/explain/charge ")
    assert said.endswith(f"-d '{json.dumps({'request_id': str(request)})}'")
    assert "X-Tollway-Tag" not in said


@pytest.mark.django_db
def test_a_page_has_fifty_lines_with_their_moments_in_utc() -> None:
    workspace, moment = rows.workspace(), ago(minutes=3)
    for _ in range(51):
        settle(workspace, moment)
    found = page(workspace)
    assert (len(found.ended), found.older is None) == (50, False)
    line = Writer(scope.of(workspace), ago(), sought(zone="Asia/Tokyo").zone).line(found.ended[0])
    assert line.stamp == moment.isoformat()
    assert len(reading.settled(asked(workspace), found.newest, limit=60)) == 50


@pytest.mark.django_db
def test_a_refusal_tells_of_each_window_and_of_how_many_like_it_there_were() -> None:
    workspace = rows.workspace(minute_cap=60)
    moment = datetime.combine(ago().date(), time(0), UTC) + timedelta(seconds=9)
    refuse(workspace, moment, weight=5)
    request = refuse(workspace, moment, resets_at=moment + timedelta(seconds=51))

    def read(of: UUID) -> refusing.Pane:
        found = refusing.refusal(workspace, of, reach=reach.of(None), zone=UTC)
        assert found is not None
        return found

    shown = read(request)
    assert (shown.alike, shown.about_credit) == (1, False)
    assert shown.said == "Your workspace had already used 60 of 60 requests in the minute 00:00."
    assert [(each.name, each.refused, each.used, each.cap, each.width) for each in shown.windows] == [
        ("Minute", True, 60, 60, 100),
        ("Hour", False, 0, None, 0),
        ("Day", False, 0, None, 0),
        ("Streams", False, 0, 7, 0),
    ]
    assert (shown.windows[0].resets, shown.windows[-1].resets) == ("00:01:00", "—")
    heavy = refuse(workspace, moment, weight=5, model="route/two")
    assert read(heavy).said.endswith(" This one counts as 5.")
    costly = refuse(workspace, moment, "INSUFFICIENT_CREDITS", required=10_000_000, available=9_999_000)
    poor = read(costly)
    assert (poor.about_credit, poor.windows, poor.alike) == (True, (), 0)
    assert poor.said == "This request may cost up to $0.01. You had $0.009999."
    assert refusing.refusal(workspace, UUID(int=7), reach=reach.of(None), zone=UTC) is None


@pytest.mark.django_db
def test_a_request_is_told_with_what_it_held_and_what_paid_for_it() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 10**9)
    number, version = rows.price(input=1_000, output=1_000)
    Model.objects.filter(pk=number).update(capability="embedding")
    request = settle(
        workspace, ago(minutes=3), model_id=number, price_version_id=version, cost=2_000, input_tokens=1_000,
        output_tokens=1_000, stream=True, ttfb_ms=500, latency_ms=1_500, hold=30, suspect=True,
    )  # fmt: skip
    settle(
        workspace, ago(minutes=2), request_id=request, rev=1, cost=-1_000, hold=0,
        model_id=number, price_version_id=version, stream=True, ttfb_ms=500, latency_ms=1_500, suspect=True,
    )  # fmt: skip
    rollup.close(workspace)
    rollup.post(workspace)
    found = pane.request(workspace, request, reach=reach.of(None))
    assert found is not None
    assert (found.hold, found.capability, found.rate, found.charged) == (30, "embedding", "1,000 / s", True)
    assert found.counted == f"Reported by the upstream. {told._SUSPECT}"
    assert {paid for booked in found.booked for paid in booked.paid} == {("top-up", 1_000)}
    failed = settle(workspace, ago(minutes=1), status="failed", stream=True, model_id=10**9)
    free = pane.request(workspace, failed, reach=reach.of(None))
    assert free is not None
    assert (free.charged, free.rate, free.capability) == (False, "—", "")
    assert pane._product((Factor(1, 900_000), Factor(2, 1_000_000))) == "0.90"


@pytest.mark.django_db
def test_the_page_carries_along_what_its_forms_do_not_set() -> None:
    found = Workspace.objects.get(pk=rows.workspace())
    key, _ = keys.mint(found, name="nightly")
    shown = logs_page.logs(found, sought(f"range=24h&q=x&status=failed&cost=1&key={key.pk}"), NOWHERE)
    conditions = [("status", "failed"), ("key", str(key.pk))]
    assert shown.kept == [("range", "24h"), *conditions, ("cost", "1")]
    assert shown.kept_by_time == [("q", "x"), *conditions, ("cost", "1")]
    assert shown.kept_by_filter == [("range", "24h"), ("q", "x"), *conditions]
    assert [chip.value for chip in shown.chips] == ["failed", "nightly", "x", "from $1"]
    assert (shown.first, shown.time) == (True, "24 hours")
    assert shown.watched == shown.sought.address(since=str(shown.listed.newest))
    rows.admit(found.pk)
    behind = Mark(refusal=UUID(int=7))
    later = logs_page.logs(found, sought(), behind)
    assert [len(each.open) for each in (logs_page.logs(found, sought(), NOWHERE), later)] == [1, 0]
    assert (later.first, later.watched, later.here) == (False, "", sought().address(before=str(behind)))
    assert [choice.chosen for choice in later.stretches].count(True) == 1
    for ends, words in (("21T00:00", "20 Nov 10:05 – 00:00"), ("21T00:01", "20 Nov 10:05 – 21 Nov 00:01")):
        span = sought(f"range=span&from=2026-11-20T10:05&to=2026-11-{ends}")
        past = logs_page.logs(found, span, NOWHERE)
        assert (past.time, past.from_local, past.watched) == (words, "2026-11-20T10:05", "")


@pytest.mark.django_db
def test_what_came_since_is_counted_as_far_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "MOST", 2)
    client = signed_in(rows.workspace())
    mine = Member.objects.latest("pk").workspace_id
    answers = []
    for make in (settle, refuse, refuse):
        make(mine, ago(minutes=1))
        answers.append(client.get("/dashboard/logs/new?since=-~-").json())
    assert answers == [{"new": 1, "more": False}, {"new": 2, "more": False}, {"new": 2, "more": True}]
    for _ in range(2):
        refuse(mine, ago(minutes=1))
    assert news.since(asked(mine), NOWHERE) == 1 + 3
    for _ in range(3):
        settle(mine, ago(minutes=1))
    assert news.since(asked(mine), NOWHERE) == 3 + 3


@pytest.mark.django_db
def test_a_request_beside_the_list_keeps_the_list_and_says_who_may_pay() -> None:
    workspace = rows.workspace()
    request = refuse(workspace, ago(minutes=1), "INSUFFICIENT_CREDITS")
    shown = {}
    for role in ("owner", "viewer"):
        client = Client()
        client.force_login(person(Workspace.objects.get(pk=workspace), role=role))
        context = client.get(f"/dashboard/logs/{request}?pane=1&status=refused").context
        shown[role] = (context["here_address"], context["may_pay"], context["curl"])
    assert shown == {"owner": ("?status=refused", True, ""), "viewer": ("?status=refused", False, "")}
