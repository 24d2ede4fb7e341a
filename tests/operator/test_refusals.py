"""The operator's pages of refusals: found by the request, narrowed by why, and counted by the minute."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import RefusalCount
from kernel import clock, ids
from tests.billing import rows
from tests.operator.reading import column, text

pytestmark = pytest.mark.django_db

PAGE = "/admin/billing/refusal/"


def refused(workspace: int, code: str) -> UUID:
    request = ids.request_id()
    rows.run(
        "INSERT INTO billing_refusal (request_id, workspace_id, minute_no, api_key_id, model, code, message, refused_at,"
        " weight, cap, used, required, available, held)"
        " VALUES (%s, %s, %s, 1, 'm', %s, 'no', now(), 1, 0, 0, 0, 0, 0)",
        *(request, workspace, (request.int >> 80) // 60_000, code),
    )
    return request


def test_refusals_are_found_by_request_workspace_and_reason(operator: Client) -> None:
    workspace = rows.workspace()
    held, unknown = refused(workspace, "CREDITS_HELD"), refused(workspace, "INVALID_MODEL")

    def found(query: str) -> set[UUID]:
        answer = operator.get(f"{PAGE}?{query}")
        assert answer.status_code == 200
        return {row.request_id for row in answer.context["cl"].result_list}

    assert found(f"workspace={workspace}") == {held, unknown}
    assert found(f"workspace={workspace}&code=CREDITS_HELD") == {held}
    assert found(f"workspace={workspace}&code=NONE_OF_OURS") == {held, unknown}
    assert found(f"q={unknown}") == {unknown}
    shown = text(operator, "billing_refusal_changelist")
    assert "Minute request limit exceeded" in shown


def test_a_refusal_is_shown_and_one_that_is_not_there_is_told_so(operator: Client) -> None:
    request = refused(rows.workspace(), "CREDITS_HELD")
    assert "CREDITS_HELD" in text(operator, "billing_refusal_change", request)
    for other in (ids.request_id(), "nonsense"):
        assert operator.get(reverse("admin:billing_refusal_change", args=[other])).status_code == 302


def test_counts_are_of_a_minute_in_utc() -> None:
    minute = clock.minute_number(datetime(2026, 11, 20, 14, 8, 59, tzinfo=UTC).timestamp())
    assert column(RefusalCount(minute_no=minute), "minute") == "2026-11-20 14:08"
