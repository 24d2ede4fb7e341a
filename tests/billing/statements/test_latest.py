"""The latest requests: newest first, each with its corrections."""

import time

import pytest

from accounts.models import ApiKey
from billing import reach, rollup, statements
from billing.reach import UNBOUNDED
from tests.billing import rows
from tests.billing.statements.used import TODAY, model


@pytest.mark.django_db
def test_recent_requests_come_newest_first_with_their_names() -> None:
    workspace, one = rows.workspace(), model("sandbox/one")
    key = ApiKey.objects.create(
        workspace_id=workspace, name="laptop", digest=b"d", prefix="rk_1", last_four="abcd"
    )
    made = []
    for number in range(5):
        time.sleep(0.002)  # ids sort by millisecond
        made.append(rows.settle(workspace, model_id=one, api_key_id=key.pk, cost=number, ttfb_ms=number))
        if number == 2:
            rollup.close(workspace)
    latest = statements.recent(workspace, 3, reach=UNBOUNDED)
    assert [row.request_id for row in latest] == made[:1:-1]
    assert (latest[0].model, latest[0].key_name, latest[0].cost, latest[0].ttfb_ms) == (
        "sandbox/one",
        "laptop",
        4,
        4,
    )


@pytest.mark.django_db
def test_a_correction_is_part_of_its_request() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=10, input_tokens=5, output_tokens=1, status="reaped")
    rows.settle(workspace, cost=50, cached_tokens=5)
    rows.settle(workspace, request_id=request, rev=1, cost=-3, input_tokens=2)
    rows.settle(workspace, request_id=request, rev=255, cost=4, output_tokens=8)
    [row] = [row for row in statements.recent(workspace, reach=UNBOUNDED) if row.request_id == request]
    assert (row.cost, row.input_tokens, row.output_tokens) == (11, 7, 9)
    assert len(statements.recent(workspace, reach=UNBOUNDED)) == 2
    assert statements.totals(workspace, TODAY, TODAY).requests == 2
    assert statements.totals(workspace, TODAY, TODAY).cost == 61


@pytest.mark.django_db
def test_requests_are_told_from_the_first_minute_of_their_reach() -> None:
    workspace, bound = rows.workspace(), reach.of(1)
    first = rows.settle(workspace, minute_no=bound.first_minute)
    rows.settle(workspace, minute_no=bound.first_minute - 1)
    assert [row.request_id for row in statements.recent(workspace, reach=bound)] == [first]
