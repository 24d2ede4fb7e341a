"""Activity: the same before and after posting, cut at the right moment, and of one workspace."""

import datetime
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey
from billing import activity, ledger, rollup
from catalog.models import Model, Provider
from kernel import clock
from tests.billing import rows
from tests.billing.plans import assert_index_bound

TODAY = clock.utc_day(clock.now())
YESTERDAY = TODAY - datetime.timedelta(days=1)


def minute_of(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * 1440


def model(name: str, **facts: object) -> int:
    made = Model.objects.create(
        **{
            "public_id": name,
            "name": name,
            "author": "sandbox",
            "tier": "lite",
            "context_length": 1000,
            "max_output_tokens": 100,
            "created_at": clock.now(),
            **facts,
        }
    )
    return made.pk


def key(workspace: int, name: str) -> int:
    made = ApiKey.objects.create(
        workspace_id=workspace,
        name=name,
        digest=f"{workspace} {name}".encode(),
        prefix="rk_",
        last_four="0000",
    )
    return made.pk


def unchanged_by_posting(workspace: int, read: Callable[[], object]) -> None:
    before = read()
    rollup.close(workspace)
    assert read() == before
    rollup.post(workspace)
    assert read() == before


@pytest.mark.django_db
def test_lists_day_model_provider_and_key() -> None:
    workspace, one, provider = (
        rows.workspace(),
        model("sandbox/one"),
        Provider.objects.create(slug="p", name="p"),
    )
    mine = {"model_id": one, "api_key_id": key(workspace, "mine"), "provider_id": provider.pk}
    rows.settle(
        workspace, cost=5, input_tokens=1, cached_tokens=2, output_tokens=3, reasoning_tokens=4, **mine
    )
    rows.settle(workspace, cost=1, minute_no=minute_of(YESTERDAY), **mine)
    rows.settle(workspace, cost=9, minute_no=minute_of(YESTERDAY) - 1, **mine)
    rows.settle(rows.workspace(), cost=7, **mine)

    def read() -> list[activity.Day]:
        return activity.by_day(workspace, YESTERDAY, TODAY)

    assert read() == [
        activity.Day(TODAY, "sandbox/one", "p", "mine", 1, 3, 7, 4, 5),
        activity.Day(YESTERDAY, "sandbox/one", "p", "mine", 1, 0, 0, 0, 1),
    ]
    unchanged_by_posting(workspace, read)


@pytest.mark.django_db
def test_adds_up_what_is_posted_and_what_is_not() -> None:
    workspace, one = rows.workspace(), model("sandbox/one")
    for _ in range(2):
        rows.settle(workspace, cost=5, output_tokens=3, model_id=one)
        rollup.close(workspace)
        rollup.post(workspace)
    rows.settle(workspace, cost=1, model_id=one)
    [day] = activity.by_day(workspace, TODAY, TODAY)
    assert (day.requests, day.completion_tokens, day.cost) == (3, 6, 11)


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [60, 1440])
def test_of_a_period_begins_on_its_first_minute(minutes: int) -> None:
    workspace, one, picture = rows.workspace(), model("sandbox/one"), model("sandbox/two", capability="image")
    first = clock.minute_number() // minutes * minutes
    rows.settle(workspace, cost=5, input_tokens=1, output_tokens=3, model_id=one, minute_no=first)
    rows.settle(workspace, cost=2, model_id=picture, images=1, minute_no=first)
    rows.settle(workspace, cost=9, model_id=one, minute_no=first - 1)

    def read() -> list[activity.ModelUse]:
        return activity.by_model_since(workspace, clock.start_of_minute(first))

    assert read() == [
        activity.ModelUse("sandbox/one", "chat", 1, 1, 3, 5),
        activity.ModelUse("sandbox/two", "image", 1, 0, 0, 2),
    ]
    unchanged_by_posting(workspace, read)


@pytest.mark.django_db
@pytest.mark.parametrize("ago", [datetime.timedelta(minutes=1), datetime.timedelta(days=100, hours=1)])
def test_of_a_period_cannot_be_cut_anywhere(ago: datetime.timedelta) -> None:
    since = clock.start_of_minute(minute_of(TODAY)) - ago
    with pytest.raises(ValueError, match="since"):
        activity.by_model_since(1, since)


def edges(monday: datetime.date, month: datetime.date) -> list[tuple[datetime.date, int]]:
    return [(day, minute) for day in (TODAY, monday, month) for minute in (0, -1)]


@pytest.mark.django_db
def test_of_a_key_is_its_own() -> None:
    workspace = rows.workspace()
    mine, other = key(workspace, "mine"), key(workspace, "other")
    monday, month = TODAY - datetime.timedelta(days=TODAY.weekday()), TODAY.replace(day=1)
    costs = {minute_of(first) + minute: 10**n for n, (first, minute) in enumerate(edges(monday, month))}
    for minute, cost in costs.items():
        rows.settle(workspace, cost=cost, api_key_id=mine, minute_no=minute)
    rows.settle(workspace, cost=5, api_key_id=other)

    def since(day: datetime.date) -> int:
        return sum(cost for minute, cost in costs.items() if minute >= minute_of(day))

    assert activity.spend_of_key(workspace, mine) == activity.Spend(
        ever=sum(costs.values()), day=since(TODAY), week=since(monday), month=since(month)
    )
    unchanged_by_posting(workspace, lambda: activity.spend_of_key(workspace, mine))


@pytest.mark.django_db
def test_is_the_difference_between_credit_given_and_balance() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 1000)
    rows.settle(workspace, cost=30, model_id=model("sandbox/one"))
    rows.admit(workspace, hold=7)
    assert activity.credit(workspace) == activity.Credit(given=1000, used=30, balance=970, held=7)
    unchanged_by_posting(workspace, lambda: activity.credit(workspace))


@pytest.mark.django_db
def test_counts_all_that_moved_but_usage_as_given() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 1000)
    for kind, amount, offset in (
        (ledger.Kind.GRANT, 50, ledger.System.PROMOTION),
        (ledger.Kind.REFUND, -200, ledger.System.CLEARING),
        (ledger.Kind.EXPIRY, -20, ledger.System.EXPIRED),
        (ledger.Kind.ADJUSTMENT, 3, ledger.System.REVENUE),
    ):
        ledger.post(
            workspace_id=workspace, kind=kind, amount=amount, offset=offset, idem_key=kind, reason="test"
        )
    for cost in (30, 5):
        rows.settle(workspace, cost=cost)
        rollup.close(workspace)
        rollup.post(workspace)
    rows.settle(workspace, cost=1)
    assert activity.credit(workspace) == activity.Credit(given=833, used=36, balance=797, held=0)


@pytest.mark.django_db
def test_does_not_read_the_charges_of_a_life_to_tell_what_was_given() -> None:
    with CaptureQueriesContext(connection) as queries:
        activity.credit(rows.workspace())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {queries[-1]['sql']}")
        assert "billing_ledger_transaction_given" in "".join(line for (line,) in cursor.fetchall())


@pytest.mark.django_db
def test_of_no_workspace_is_an_error() -> None:
    with pytest.raises(LookupError):
        activity.credit(-1)


@pytest.mark.django_db
def test_is_read_by_an_index() -> None:
    workspace = rows.workspace()
    today = clock.start_of_minute(minute_of(TODAY))
    hour = clock.start_of_minute(clock.minute_number() // 60 * 60)
    with CaptureQueriesContext(connection) as queries:
        activity.by_day(workspace, YESTERDAY, TODAY)
        activity.by_model_since(workspace, today)
        activity.by_model_since(workspace, hour)
        activity.spend_of_key(workspace, 1)
        activity.credit(workspace)
    assert_index_bound(queries)


@pytest.mark.django_db
def test_of_a_period_begins_with_any_day_and_with_quarters_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.datetime(2026, 11, 16, 12, tzinfo=datetime.UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    workspace, one = rows.workspace(), model("sandbox/one")
    kept, day = now - datetime.timedelta(days=88, hours=23, minutes=45), now - datetime.timedelta(days=100.5)
    for moment, cost in ((kept, 1), (kept - datetime.timedelta(minutes=1), 10), (day, 100)):
        rows.settle(workspace, cost=cost, model_id=one, minute_no=clock.minute_number(moment.timestamp()))
    assert [use.cost for use in activity.by_model_since(workspace, kept)] == [1]
    assert [use.cost for use in activity.by_model_since(workspace, day)] == [111]
    with pytest.raises(ValueError, match="the last 89 days"):
        activity.by_model_since(workspace, kept - datetime.timedelta(minutes=15))
