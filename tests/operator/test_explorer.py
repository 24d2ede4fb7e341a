"""The operator's explorer of usage: the same numbers in chart, table and CSV, whatever is asked, and the view in the address."""

import csv
from datetime import date, timedelta
from io import StringIO

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.errors import QueryCanceled

from accounts.models import User
from billing import admin_explorer
from billing import overall as asked_of
from billing.admin_explorer_drawing import _ceiling
from billing.admin_explorer_question import read
from billing.overall import overall
from kernel import clock
from tests.billing import rows
from tests.billing.proof import lives
from tests.operator.reading import plain
from tests.operator.test_roles import of_role

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)
USAGE = "/admin/usage/"


def used(*, models: int = 7) -> int:
    """Post usage of yesterday and of ten days ago: of model n, n requests of n micro-USD each. Return the workspace."""
    workspace = rows.workspace()
    for model in range(1, models + 1):
        for _ in range(model):
            lives.settle_on(
                workspace,
                lives.day_before(1),
                model_id=model,
                cost=model * 1_000,
                provider_cost=400,
                input_tokens=3,
            )
    lives.settle_on(workspace, lives.day_before(10), model_id=7, cost=50_000)
    lives.charge(workspace)
    return workspace


def asked(by: str = "model", per: str = "day", **other: object) -> asked_of.Overall:
    today = clock.utc_day(clock.now())
    return overall("revenue", by=by, per=per, **{"first": today - timedelta(days=6), "last": today, **other})  # type: ignore[arg-type]


def test_members_are_told_apart_by_their_sum_and_the_others_together() -> None:
    workspace = used()
    found = asked(only={"workspace": workspace}, top=5)
    assert [(each.member, each.others, each.total) for each in found.series] == [
        *((7, 0, 49_000), (6, 0, 36_000), (5, 0, 25_000), (4, 0, 16_000), (3, 0, 9_000)),
        (0, 2, 5_000),
    ]
    assert found.total == sum(each.total for each in found.series) == 140_000
    assert found.values == (0, 0, 0, 0, 0, 140_000, 0)


def test_the_days_before_are_told_in_all_and_by_member() -> None:
    workspace = used()
    found = asked(only={"workspace": workspace}, top=5, compare=True)
    assert found.before is not None
    assert sum(found.before) == 50_000
    assert [each.before for each in found.series] == [50_000, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("per", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("by", [*asked_of.GROUPS])
def test_every_cut_comes_to_the_same_total(by: str, per: str) -> None:
    workspace = used(models=3)
    found = asked(by=by, per=per, only={"workspace": workspace})
    assert found.total == 14_000
    assert len(found.begins) == len(found.values) == len(found.series[0].values)


@pytest.mark.parametrize(
    ("metric", "total"),
    [
        ("revenue", 14_000),
        ("upstream_cost", 2_400),
        ("margin", 11_600),
        ("requests", 6),
        ("failed", 0),
        ("tokens_in", 18),
        ("tokens_out", 0),
    ],
)
def test_every_figure_is_that_of_the_sums(metric: str, total: int) -> None:
    workspace = used(models=3)
    yesterday = lives.day_before(1)
    found = overall(
        metric, by="none", per="day", first=yesterday, last=yesterday, only={"workspace": workspace}
    )
    assert found.total == total


def test_days_out_of_bounds_are_refused() -> None:
    for first, last in ((TODAY, TODAY - timedelta(days=1)), (TODAY - timedelta(days=14), TODAY)):
        with pytest.raises(ValueError, match="at most"):
            overall("revenue", by="none", per="hour", first=first, last=last)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ("revenue", "model", "day", "30", TODAY - timedelta(days=29), TODAY)),
        ({"metric": "requests", "by": "key", "per": "week", "range": "90"}, ("requests", "key", "week", "90", TODAY - timedelta(days=89), TODAY)),
        ({"range": "today"}, ("revenue", "model", "hour", "today", TODAY, TODAY)),
        ({"range": "last"}, ("revenue", "model", "day", "last", date(2026, 10, 1), date(2026, 10, 31))),
        ({"range": "month"}, ("revenue", "model", "day", "month", date(2026, 11, 1), TODAY)),
        ({"range": "7"}, ("revenue", "model", "day", "7", TODAY - timedelta(days=6), TODAY)),
        ({"from": "1999-01-01", "to": "1999-01-05"}, ("revenue", "model", "day", "30", TODAY - timedelta(days=29), TODAY)),
        ({"range": "90", "per": "hour"}, ("revenue", "model", "day", "90", TODAY - timedelta(days=89), TODAY)),
        ({"from": "2026-01-01", "to": "2026-11-01"}, ("revenue", "model", "week", "", date(2026, 1, 1), date(2026, 11, 1))),
        ({"from": "2026-11-09", "to": "nonsense"}, ("revenue", "model", "day", "30", TODAY - timedelta(days=29), TODAY)),
        ({"from": "0001-01-01", "to": "9999-01-01"}, ("revenue", "model", "day", "30", TODAY - timedelta(days=29), TODAY)),
    ],
)  # fmt: skip
def test_an_address_is_read_and_nonsense_is_the_standing_view(
    query: dict[str, str], found: tuple[object, ...]
) -> None:
    question = read(query, today=TODAY, money_seen=True)
    assert (
        question.metric,
        question.by,
        question.per,
        question.stretch,
        question.first,
        question.last,
    ) == found
    again = dict(pair.split("=") for pair in question.query()[1:].split("&"))
    assert read(again, today=TODAY, money_seen=True) == question


def test_a_view_is_narrowed_by_numbers_alone() -> None:
    query = {"workspace": "7", "model": "²", "upstream": "x", "key": "9" * 19}
    assert read(query, today=TODAY, money_seen=True).only == {"workspace": 7}


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 4), (3, 4), (101, 200), (1_000, 1_000), (2_100, 2_500), (26_000, 50_000), (9_999, 10_000)],
)
def test_the_axis_ends_at_a_round_number(most: int, top: int) -> None:
    assert _ceiling(most) == top


def test_chart_table_and_csv_say_the_same(operator: Client) -> None:
    workspace = used()
    query = f"?metric=revenue&by=model&per=day&range=7&compare=1&workspace={workspace}"
    answer = operator.get(USAGE + query)
    shown = answer.content.decode()
    for told in (
        '<option value="margin"',
        'title="$0.000140000"',
        'title="$0.000049000"',
        "Other (2)",
        "+180.0",
        "by model per day",
    ):
        assert told in shown
    assert "$0.000049 " in plain(shown)
    assert "?model=7&amp;day=7d" in shown
    axis = ["$0", "$0.00005", "$0.0001", "$0.00015", "$0.0002"]
    assert answer.context["grid"] == list(zip((100, 75, 50, 25, 0), axis, strict=True))
    heights = [(block.colour, block.y, block.height) for block in answer.context["blocks"]]
    assert heights[0] == ("1", 75.5, 24.5)
    assert heights[-1] == ("other", 30.0, 2.5)
    written = list(csv.reader(StringIO(operator.get(f"/admin/usage.csv{query}").content.decode())))
    assert written[0][-1] == "total"
    assert not [name for name in written[0] if name.startswith("other")]
    assert written[-1][0] == "total"
    assert written[-1][-1] == "0.000140000"
    assert sum(int(cell.replace(".", "")) for cell in written[-1][1:-1]) == 140_000
    assert len(written) == 9


def test_the_page_takes_as_many_queries_for_many_as_for_one(operator: Client) -> None:
    used(models=1)
    operator.get(f"{USAGE}?compare=1")
    with CaptureQueriesContext(connection) as one:
        operator.get(f"{USAGE}?compare=1")
    used(models=6)
    with CaptureQueriesContext(connection) as many:
        operator.get(f"{USAGE}?compare=1")
    assert len(one) == len(many)


def test_without_usage_it_says_so(operator: Client) -> None:
    assert "No usage on these days" in operator.get(f"{USAGE}?workspace=999999").content.decode()


def test_who_may_not_see_the_houses_money_sees_requests(client: Client) -> None:
    client.force_login(of_role("S"))
    shown = client.get(f"{USAGE}?metric=margin").content.decode()
    assert "Margin" not in shown
    assert "Requests" in shown
    client.force_login(User.objects.create_user("new@example.com", None, is_staff=True))
    assert client.get(USAGE).status_code == 403


def test_what_takes_too_long_is_told_and_what_else_fails_is_not_hidden(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(cause: Exception | None) -> None:
        def answer(*_: object, **__: object) -> None:
            raise OperationalError from cause

        monkeypatch.setattr(admin_explorer, "_answer", answer)

    fail(QueryCanceled())
    late = operator.get(USAGE)
    assert (late.status_code, late.context["unread"]) == (503, True)
    fail(None)
    with pytest.raises(OperationalError):
        operator.get(USAGE)
