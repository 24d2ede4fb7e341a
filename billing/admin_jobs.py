"""The operator's page of background work: the roll-up and its lag, who sweeps, each job's last run, the last audits."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from billing import broker, figures, parts
from billing.jobs.timetable import Job, timetable
from billing.lag import lag
from billing.models import AuditRun, JobRun
from billing.proof.tasks import audit_days, audit_everything
from catalog import admin_apart
from catalog.admin_page import ReadOnlyPage, figure, moment
from kernel import clock

__all__ = ["may_act"]

AUDITS_SHOWN = 5
LAG_TOLERATED = timedelta(seconds=60)
_AUDITS = {"days": (audit_days, "the last 3 days"), "everything": (audit_everything, "everything")}


@admin.register(JobRun)
class JobRunPage(ReadOnlyPage):
    """The last run of each kind of background work, as its worker wrote it down."""

    list_display = (
        "name",
        moment("ended_at", "Ended"),
        figure("seconds", "Took", lambda run: _seconds(run.seconds)),
        figure("runs", "Runs", lambda run: figures.count(run.runs)),
        figure("failures", "Failed", lambda run: figures.count(run.failures)),
        moment("failed_at", "Failed last"),
        "host",
    )
    ordering = ("name",)


def may_act(request: HttpRequest) -> bool:
    """Tell whether this operator may have an audit made and sums made anew."""
    return bool(request.user.has_perm("billing.change_jobrun"))


def jobs(request: HttpRequest) -> HttpResponse:
    """Show the work. Raises PermissionDenied for whom it is not."""
    if not request.user.has_perm("billing.view_jobrun"):
        raise PermissionDenied
    now = clock.now()
    context = {
        **admin.site.each_context(request),
        "title": "Jobs",
        "cells": _cells(now),
        "rows": [_row(job, now) for job in timetable(now)],
        "audits": [_audited(run, now) for run in AuditRun.objects.order_by("-id")[:AUDITS_SHOWN]],
        "may_act": may_act(request),
        "now": now,
    }
    return render(request, "admin/jobs/jobs.html", context)


def audit(request: HttpRequest) -> HttpResponse:
    """Order an audit, which a worker makes; then show the work again. Raises PermissionDenied for whom it is not."""
    if not may_act(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    task, words = _AUDITS.get(request.POST.get("what", ""), _AUDITS["days"])
    _order(request, task, words)
    return HttpResponseRedirect(reverse("admin:jobs"))


def _order(request: HttpRequest, task: Any, words: str) -> None:
    try:
        task.apply_async(retry=False, expires=300)
    except Exception as error:  # whatever the broker's library raises, the operator must hear of it
        messages.error(
            request, f"No audit was ordered: the broker does not take it ({type(error).__name__})."
        )
    else:
        messages.success(
            request, f"An audit of {words} is ordered. It is listed below as soon as a worker begins it."
        )


def _cells(now: datetime) -> list[dict[str, str]]:
    said, known = broker.ask(), parts.heard()
    late = lag(now)
    beat, sweep = parts.silence(known, "beat"), parts.silence(known, "sweep")
    sends = any(part.kind == "beat" and part.said.get("sends_for") is not None for part in known)
    return [
        _cell("Roll-up lag", _seconds(late.total_seconds()), "budget 60 s", failed=late > LAG_TOLERATED),
        _cell("Last sweep", _silence(sweep), "charges what is due", failed=_is_silent(sweep)),
        _cell("Beat", _silence(beat), "sends to the broker" if sends else "does not send", failed=_is_silent(beat) or not sends),
        _cell("Queue", "unknown" if said.queued is None else f"{figures.count(said.queued)} waiting", "tasks at the broker", failed=said.queued is None),
        _cell("Web processes", figures.count(len(parts.webs(known))), "heard within 20 s"),
        _cell("Kept settlements", figures.count(sum(part.said.get("kept", 0) for part in known)), "that no database took", failed=any(part.said.get("kept") for part in known)),
    ]  # fmt: skip


def _cell(name: str, says: str, below: str, *, failed: bool = False) -> dict[str, str]:
    return {"name": name, "says": says, "below": below, "state": "failed" if failed else ""}


def _silence(seconds: float | None) -> str:
    return "never heard" if seconds is None else figures.age(timedelta(seconds=seconds))


def _is_silent(seconds: float | None) -> bool:
    return seconds is None or seconds > parts.STALE_SECONDS + 40


def _row(job: Job, now: datetime) -> dict[str, Any]:
    run = job.run
    state = "never" if run is None else "failed" if run.failed else "late" if job.late else ""
    return {
        "job": job,
        "every": "" if job.every is None else _every(job.every),
        "state": state,
        "word": {"never": "no run yet", "failed": "failed", "late": "late", "": "ended"}[state],
        "age": "" if run is None else figures.age(now - run.ended_at),
        "took": "" if run is None else _seconds(run.seconds),
        "failed_ago": "" if run is None or run.failed_at is None else figures.age(now - run.failed_at),
    }


def _audited(run: AuditRun, now: datetime) -> dict[str, Any]:
    took = "" if run.ended_at is None else _seconds((run.ended_at - run.started_at).total_seconds())
    return {"run": run, "age": figures.age(now - run.started_at), "took": took}


def _seconds(seconds: float) -> str:
    return figures.milliseconds(round(seconds * 1000)) if seconds < 100 else f"{seconds / 60:.0f} min"


def _every(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            number = seconds // size
            return f"every {name}" if number == 1 else f"every {number} {name}s"
    return f"every {seconds} s"


admin_apart.add("jobs/", jobs, name="jobs")
admin_apart.add("jobs/audit/", audit, name="jobs_audit")
