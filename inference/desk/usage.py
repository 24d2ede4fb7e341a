"""The routes on what a workspace has used: by day, over a period, and against the limits of its plan."""

from datetime import timedelta
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import P, QueryEx, Router

from accounts.callers import Caller
from billing import activity, statements
from billing.activity import ModelUse
from billing.statements import Meter, Spend, cuts
from catalog.models import PlanVersion
from kernel import clock

from . import identity, zones
from .figures import answer, usd
from .moments import Day
from .zones import Period, Zone

__all__ = ["router"]

router = Router()
DAYS = 30
MOST_DAYS = 366
TOP = 50
GroupBy = Literal["model", "provider", "key", "tag"]
NAMED = {"model": "model", "provider": "provider_name", "key": "key", "tag": "tag"}


@router.get("/activity")
def by_day(
    request: HttpRequest,
    days: QueryEx[
        int, P(ge=1, le=MOST_DAYS, description="How many days to tell, the present one included.")
    ] = DAYS,
    date: QueryEx[Day | None, P(description="One day instead.")] = None,
    zone: Zone = None,
    group_by: QueryEx[
        GroupBy | None, P(description="Tell one of these apart, those that cost most, in place of all.")
    ] = None,
) -> HttpResponse:
    """List what each day, model, provider and key used: the last `days`, today included, or one `date`.

    With `zone` or `group_by` the answer names the `zone` whose days it tells: UTC where no others are kept so far back.
    """
    workspace = identity.caller(request).workspace_id
    chosen = zones.chosen(workspace, zone)
    last = date or clock.now().astimezone(chosen).date()
    first = date or last - timedelta(days=days - 1)
    if last < cuts.EARLIEST or first > cuts.LATEST:
        return answer({"data": []} | ({"zone": "UTC"} if zone or group_by else {}))
    if group_by is not None:
        return answer(
            _grouped(
                statements.spend(workspace, first=first, last=last, zone=chosen, group=group_by, top=TOP),
                group_by,
            )
        )
    made = cuts.cut(first, last, zone=chosen, by="day", now=clock.now())
    rows = [_day(row) for row in activity.in_cut(workspace, made)]
    return answer({"data": rows, "zone": made.zone} if zone else {"data": rows})


def _day(row: activity.Day) -> dict[str, Any]:
    return {
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


def _grouped(found: Spend, group_by: GroupBy) -> dict[str, Any]:
    rows = [
        {
            "date": span.begins.date().isoformat(),
            NAMED[group_by]: None if series.others else series.name,
            "others": series.others,
            "usage": usd(value.cost),
            "requests": value.requests,
            "failed": value.failed,
            "prompt_tokens": value.counts.prompt_tokens,
            "completion_tokens": value.counts.completion_tokens,
            "reasoning_tokens": value.counts.reasoning,
        }
        for place, span in reversed(list(enumerate(found.spans)))
        for series in found.series
        if (value := series.values[place]).requests or value.cost
    ]
    return {"data": rows, "zone": found.cut_in}


@router.get("/user/usage")
def of_period(
    request: HttpRequest,
    period: QueryEx[Period, P(description="The present hour, day or month.")] = "daily",
    zone: Zone = None,
) -> HttpResponse:
    """Tell what the present hour, day or month has used, in all and by model."""
    workspace = identity.caller(request).workspace_id
    rows = activity.by_model_since(workspace, zones.start(period, zones.chosen(workspace, zone)))
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
