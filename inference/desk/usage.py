"""The routes on what a workspace has used: by day, over a period, and against the limits of its plan."""

from datetime import datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import P, QueryEx, Router

from accounts.callers import Caller
from billing import activity, statements
from billing.activity import ModelUse
from billing.statements import Meter
from catalog.models import PlanVersion
from kernel import clock

from . import identity
from .figures import answer, usd
from .moments import Day

__all__ = ["router"]

router = Router()
DAYS = 30
MOST_DAYS = 366
Period = Literal["hourly", "daily", "monthly"]


@router.get("/activity")
def by_day(
    request: HttpRequest,
    days: QueryEx[
        int, P(ge=1, le=MOST_DAYS, description="How many UTC days to tell, the present one included.")
    ] = DAYS,
    date: QueryEx[Day | None, P(description="One UTC day instead.")] = None,
) -> HttpResponse:
    """List what each UTC day, model, provider and key used: the last `days`, today included, or one `date`."""
    workspace = identity.caller(request).workspace_id
    last = date or clock.utc_day(clock.now())
    first = date or last - timedelta(days=days - 1)
    rows = activity.by_day(workspace, first, last)
    return answer(
        {
            "data": [
                {
                    "date": row.day.isoformat(),
                    "model": row.model,
                    "provider_name": row.provider,
                    "key": row.key,
                    "usage": usd(row.cost),
                    "requests": row.requests,
                    "prompt_tokens": row.prompt_tokens,
                    "completion_tokens": row.completion_tokens,
                    "reasoning_tokens": row.reasoning_tokens,
                }
                for row in rows
            ]
        }
    )


@router.get("/user/usage")
def of_period(
    request: HttpRequest,
    period: QueryEx[Period, P(description="The present UTC hour, day or month.")] = "daily",
) -> HttpResponse:
    """Tell what the present UTC hour, day or month has used, in all and by model."""
    rows = activity.by_model_since(identity.caller(request).workspace_id, _start(period))
    return answer(
        {
            "total_requests": sum(row.requests for row in rows),
            "total_input_tokens": sum(row.input_tokens for row in rows),
            "total_output_tokens": sum(row.output_tokens for row in rows),
            "total_cost": usd(sum(row.cost for row in rows)),
            "models": {row.model: _model(row) for row in rows},
        }
    )


@router.get("/user/requests")
def requests(request: HttpRequest) -> HttpResponse:
    """Tell how much of each window is used, in weighted requests; a window without a cap says limit 0."""
    caller = identity.caller(request)
    limits = statements.limits(caller.workspace_id)
    return answer(
        {
            "requests_used_today": limits.day.used,
            "requests_limit_today": limits.day.cap or 0,
            "requests_remaining": _left(limits.day),
            "requests_used_this_hour": limits.hour.used,
            "requests_limit_this_hour": limits.hour.cap or 0,
            "requests_remaining_this_hour": _left(limits.hour),
            "requests_used_this_minute": limits.minute.used,
            "requests_limit_per_minute": limits.minute.cap or 0,
            "requests_remaining_this_minute": _left(limits.minute),
            "plan_tier": _plan_name(caller),
        }
    )


@router.get("/user/requests/hourly")
def requests_this_hour(request: HttpRequest) -> HttpResponse:
    """Tell how much of the present hour is used; without a cap the limit is 0 and not enforced."""
    caller = identity.caller(request)
    hour = statements.limits(caller.workspace_id).hour
    return answer(
        {
            "limit": hour.cap or 0,
            "used": hour.used,
            "remaining": _left(hour),
            "plan_tier": _plan_name(caller),
        }
    )


def _start(period: Period) -> datetime:
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    if period == "hourly":
        return hour
    return hour.replace(hour=0) if period == "daily" else hour.replace(hour=0, day=1)


def _model(row: ModelUse) -> dict[str, Any]:
    image = row.capability == "image"
    return {
        "requests": row.requests,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost": usd(row.cost),
        "image_requests": row.requests if image else 0,
        "is_image_model": image,
    }


def _left(meter: Meter) -> int:
    return max(0, (meter.cap or 0) - meter.used)


def _plan_name(caller: Caller) -> str:
    return PlanVersion.objects.values_list("plan__name", flat=True).get(pk=caller.plan_version_id)
