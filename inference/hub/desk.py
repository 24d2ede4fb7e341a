"""The hub's routes of the desk: what a workspace has in credits and has used of them, and the end of a session."""

from datetime import UTC, date, datetime, time
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from accounts import hub_sessions
from accounts.models import Workspace
from billing import activity
from billing.credits import shown
from billing.subscriptions import book
from kernel import clock

from .. import auth
from ..desk import identity
from ..desk.figures import answer, moment
from ..dialects.hub.answering import credits_of
from ..errors import Failure

__all__ = ["api"]

api = NinjaAPI(
    title="Tollway's hub, the account",
    version="1",
    urls_namespace="hub-desk",
    docs_url=None,
    openapi_url=None,
    auth=identity.authenticate,
)


@api.get("/usage/me")
def usage(request: HttpRequest) -> HttpResponse:
    """Tell the plan, the credits that are left of it and beside it, and what the present cycle has used."""
    found = Workspace.objects.select_related("plan_version__plan").get(
        pk=identity.caller(request).workspace_id
    )
    begins, ends = _cycle(found.pk)
    balance = activity.credit(found.pk).balance
    of_plan = min(max(0, balance), shown.of_plan(found.pk, balance=balance))
    return answer(
        {
            "plan": found.terms.plan.slug,
            "monthly_credits_total": _credits(found.plan_version.credits_nano),
            "monthly_credits_remaining": _credits(of_plan),
            "topup_balance": _credits(balance - of_plan),
            "billing_cycle_start": moment(begins),
            "billing_cycle_end": moment(ends),
            "usage": _used(found.pk, begins),
        }
    )


@api.delete("/sessions/{path:name}")
def forget(request: HttpRequest, name: str) -> HttpResponse:
    """Erase what is remembered of a session."""
    caller = identity.caller(request)
    auth.check_spends(caller)
    if not hub_sessions.erase(caller.workspace_id, name):
        raise Failure("NOT_FOUND", "There is no such session in this workspace.")
    return answer({"session_id": name, "deleted": True})


def _used(workspace_id: int, since: datetime) -> dict[str, Any]:
    rows = activity.by_model_since(workspace_id, since)
    return {
        "total_credits_used": _credits(sum(row.cost for row in rows)),
        "total_requests": sum(row.requests for row in rows),
        "breakdown_by_model": [
            {"model": row.model, "credits_used": _credits(row.cost), "requests": row.requests} for row in rows
        ],
    }


def _cycle(workspace_id: int) -> tuple[datetime, datetime]:
    """Return the period of the subscription that counts, else the month of UTC."""
    row = book.active(workspace_id)
    if row is not None and row.current_period_end is not None:
        return _midnight(row.current_period_start), _midnight(row.current_period_end)
    first = clock.utc_day(clock.now()).replace(day=1)
    following = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
    return _midnight(first), _midnight(date(*following, 1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _credits(nano: int) -> orjson.Fragment:
    return orjson.Fragment(credits_of(nano, settings.HUB_CREDITS_PER_USD))
