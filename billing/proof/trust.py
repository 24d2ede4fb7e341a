"""The public page of trust: what the last audits and seals say, without a word of any customer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from billing import figures
from billing.models import AuditRun
from billing.proof.verdict import NIGHTS, State, Verdict, nights, verdict
from kernel import clock

__all__ = ["Title", "page", "title", "told"]

_SECONDS = 30
HASHES_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Title:
    """The verdict in two lines."""

    first: str
    second: str


@require_GET
@cache_control(public=True, max_age=_SECONDS)
def page(request: HttpRequest) -> HttpResponse:
    """Show the page; anybody may read it."""
    now = clock.now()
    last = verdict(now)
    context = {
        "last": last,
        "title": title(last, now),
        "age": _age(last.newest, now),
        "failed_ago": (now - last.last_failure).days if last.last_failure else None,
        "rules": _rules(last.fullest),
        "holding": sum(1 for rule in _rules(last.fullest) if not rule["broken"]),
        "nights": nights(now),
        "night_count": NIGHTS,
        "hashes": (last.newest.newest_seals if last.newest else [])[:HASHES_SHOWN],
    }
    return render(request, "billing/trust.html", context)


@require_GET
@cache_control(public=True, max_age=_SECONDS)
def told(request: HttpRequest) -> JsonResponse:
    """Tell the same to programs."""
    now = clock.now()
    last = verdict(now)
    return JsonResponse(
        {
            "state": last.state.value,
            "at": now.isoformat(),
            "failing_since": last.since.isoformat() if last.since else None,
            "last_failure": last.last_failure.isoformat() if last.last_failure else None,
            "last_days": _run(last.window),
            "everything": _run(last.whole),
            "rules": _rules(last.fullest),
            "sealed_days": last.newest.sealed_days if last.newest else 0,
            "newest_seals": last.newest.newest_seals if last.newest else [],
            "nights": [
                {"day": night.day.isoformat(), "state": night.state.value, "findings": night.broken}
                for night in nights(now)
                if night.state != State.NEVER
            ],
        }
    )


def title(last: Verdict, now: datetime) -> Title:
    """Return the verdict in words."""
    match last.state:
        case State.RIGHT:
            return Title("Every charge adds up.", f"Checked {_age(last.newest, now)}.")
        case State.STALE:
            return Title(
                "Nobody has checked lately.", f"The last check, {_age(last.newest, now)}, found no mistake."
            )
        case State.NEVER:
            return Title("Not checked yet.", "The first check is on its way.")
        case State.WRONG:
            rules = {finding["rule"] for finding in last.findings}
            number = f"{len(rules)} rules fail." if len(rules) > 1 else "One rule fails."
            return Title(number, f"Since {_moment(last.since)}.")


def _age(run: AuditRun | None, now: datetime) -> str:
    return figures.age(now - run.ended_at) if run and run.ended_at else ""


def _moment(at: datetime | None) -> str:
    return f"{figures.day(at.date())}, {at:%H:%M} UTC" if at else "now"


def _rules(run: AuditRun | None) -> list[dict[str, Any]]:
    kept = ("name", "says", "compared", "broken", "seconds")
    return [{name: rule[name] for name in kept} for rule in run.rules] if run else []


def _run(run: AuditRun | None) -> dict[str, Any] | None:
    if run is None or run.ended_at is None:
        return None
    return {
        "began": run.started_at.isoformat(),
        "ended": run.ended_at.isoformat(),
        "since": run.since.isoformat() if run.since else None,
        "rows_compared": run.compared,
        "findings": run.broken,
    }
