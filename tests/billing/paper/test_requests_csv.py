"""The export of a month's requests: every request once, the same sum as the statement, whatever is written meanwhile."""

import csv
import os
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from accounts.models import Member, User
from billing.models import Paper
from billing.paper import papers, requests_csv, statement
from billing.paper.months import Month
from billing.reach import UNBOUNDED, Reach
from kernel import clock, ids, money, postgres
from tests.billing import rows
from tests.billing.paper.issuing import charge, issuer, workspace
from tests.billing.paper.test_statement import OVER, minute

pytestmark = pytest.mark.usefixtures("committed")


def request_of(month: Month) -> UUID:
    """Return an id as it is made at noon of a month's first day."""
    noon = int(clock.start_of_minute(minute(month.first)).timestamp()) * 1_000_000_000
    return UUID(int=ids._uuid7(noon, os.urandom(7)))


def use(mine: int, month: Month, cost: int, **columns: Any) -> UUID:
    request = columns.pop("request_id", None) or request_of(month)
    return rows.settle(mine, cost=cost, minute_no=minute(month.first), request_id=request, **columns)


def state(mine: int, month: Month) -> Paper:
    charge(mine)
    draft = statement.compose(mine, month)
    assert draft is not None
    return papers.write(draft)


async def gather(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


def exported(mine: int, month: Month, *, reach: Reach = UNBOUNDED) -> list[dict[str, str]]:
    chunks = async_to_sync(gather)(requests_csv.chunks(requests_csv.span(mine, month, reach=reach)))
    return list(csv.DictReader(StringIO(b"".join(chunks).decode(), newline="")))


def total(lines: list[dict[str, str]]) -> int:
    return sum(money.from_usd(line["usd_exact"]) for line in lines)


def test_export_sums_to_the_statement_with_corrections_and_late_requests_each_once() -> None:
    issuer()
    mine = workspace()
    first = use(mine, OVER.before, 5_000_000_001, tag="=cmd", input_tokens=12)
    use(mine, OVER, 7)  # posted before the statement of the month before, and not of it
    before = state(mine, OVER.before)
    use(mine, OVER.before, 11)  # late
    use(mine, OVER.before, -3, request_id=first, rev=1)
    kept = use(mine, OVER, 40_000_000)
    month = state(mine, OVER)
    use(mine, OVER, 999)  # after the statement
    charge(mine)
    lines, earlier = exported(mine, OVER), exported(mine, OVER.before)
    assert total(earlier) == before.total_nano == 5_000_000_001
    assert total(lines) == month.total_nano == 40_000_015
    assert str(kept) in {line["request_id"] for line in lines}
    [correction] = [line for line in lines if line["correction"] == "1"]
    assert (correction["request_id"], correction["usd_exact"]) == (str(first), "-0.000000003")
    assert earlier[0]["tag"] == "'=cmd"
    assert earlier[0]["input_tokens"] == "12"


def test_export_of_a_month_without_a_statement_has_what_is_not_yet_charged() -> None:
    mine = workspace()
    use(mine, OVER, 5)
    charge(mine)
    use(mine, OVER, 6)
    use(mine, OVER.before, 7)
    assert total(exported(mine, OVER)) == 11
    assert requests_csv.span(mine, OVER, reach=UNBOUNDED).stated is False


def test_export_is_of_one_moment_and_comes_in_chunks() -> None:
    mine = workspace()
    for _ in range(2_001):
        use(mine, OVER, 1)
    span = requests_csv.span(mine, OVER, reach=UNBOUNDED)

    async def read_while_more_is_used() -> list[bytes]:
        found: list[bytes] = []
        async for chunk in requests_csv.chunks(span):
            found.append(chunk)
            if len(found) == 2:
                await copy_one(mine)
        return found

    chunks = async_to_sync(read_while_more_is_used)()
    assert [chunk.count(b"\r\n") for chunk in chunks] == [1, 1000, 1000, 1]
    assert rows.count("billing_usage_event", mine) == 2_002


async def copy_one(mine: int) -> None:
    """Add a request in another session."""
    request = request_of(OVER)
    async with await psycopg.AsyncConnection.connect(postgres.conninfo()) as apart:
        await apart.execute(
            """INSERT INTO billing_usage_event (id, request_id, workspace_id, api_key_id, charge_no, minute_no, weight,
                   model_id, chain_id, stream, status, http_status, usage_source, price_version_id, cost, hold,
                   latency_ms, admitted_at)
               SELECT %s, %s, workspace_id, api_key_id, charge_no, minute_no, weight, model_id, chain_id, stream, status,
                   http_status, usage_source, price_version_id, cost, hold, latency_ms, admitted_at
               FROM billing_usage_event WHERE workspace_id = %s LIMIT 1""",
            [request, request, mine],
        )
        await apart.execute(
            "UPDATE billing_account SET unbilled = unbilled + 1 WHERE workspace_id = %s", [mine]
        )


def test_export_of_others_is_empty() -> None:
    use(workspace(), OVER, 5)
    assert exported(workspace(), OVER) == []


def test_export_refuses_a_fifth_at_once() -> None:
    span = requests_csv.span(workspace(), OVER, reach=UNBOUNDED)

    async def open_five() -> list[bool]:
        open_ones = [requests_csv.chunks(span) for _ in range(4)]
        seen = []
        for each in open_ones:
            seen.append(requests_csv.busy())
            await anext(each)
        seen.append(requests_csv.busy())
        for each in open_ones:
            await each.aclose()  # type: ignore[attr-defined]
        return [*seen, requests_csv.busy()]

    assert async_to_sync(open_five)() == [False, False, False, False, True, False]


def test_export_begins_with_the_first_day_within_reach_late_requests_too() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.before, 1)
    state(mine, OVER.before)
    use(mine, OVER.before, 2)  # late
    use(mine, OVER, 4)
    state(mine, OVER)
    for reach, cost in (
        (Reach(40, minute(OVER.before.first)), 6),
        (Reach(40, minute(OVER.before.first) + 1440), 4),
        (Reach(40, minute(OVER.first)), 4),
        (Reach(40, minute(OVER.first) + 1440), 0),
    ):
        assert total(exported(mine, OVER, reach=reach)) == cost


def owner(mine: int) -> AsyncClient:
    user = User.objects.create_user(f"{ids.request_id()}@northwind.example", "a long road to drive")
    Member.objects.create(user=user, workspace_id=mine, role="owner")
    client = AsyncClient()
    client.force_login(user)
    return client


@pytest.mark.parametrize(("days_back", "status"), [(0, 200), (1, 404)])
def test_export_of_a_month_that_the_plan_does_not_show_is_missing(days_back: int, status: int) -> None:
    today = clock.utc_day(clock.now())
    # The last day of the month is the first that is shown, or the last that is not.
    mine = rows.workspace(retention_days=(today - OVER.last).days + 1 - days_back)
    use(mine, OVER, 12_345)
    client = owner(mine)

    async def download() -> tuple[int, str, bytes]:
        answer = await client.get(f"/dashboard/papers/requests.csv?month={OVER}")
        if not isinstance(answer, StreamingHttpResponse):
            return answer.status_code, "", b""
        return answer.status_code, answer["Content-Disposition"], b"".join([chunk async for chunk in answer])

    found, name, sent = async_to_sync(download)()
    assert found == status
    if status == 200:
        assert name == f'attachment; filename="requests-{OVER}-from-{OVER.last}-so-far.csv"'
        assert sent.count(b"\r\n") == 1


def test_export_is_streamed_by_the_page_to_members_only() -> None:
    mine = workspace()
    use(mine, OVER, 12_345)
    client = owner(mine)

    async def download() -> tuple[str, bytes]:
        answer = await client.get(f"/dashboard/papers/requests.csv?month={OVER}")
        assert isinstance(answer, StreamingHttpResponse)
        return answer["Content-Disposition"], b"".join([chunk async for chunk in answer])

    name, sent = async_to_sync(download)()
    assert name == f'attachment; filename="requests-{OVER}-so-far.csv"'
    assert b'"0.000012345"' in sent
