"""How comparisons are asked for, taken up once, and written down; the daily one with genai-prices, which calls nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from catalog.models import Chain, Comparison, Hop, Provider, Source
from kernel import clock

from .listing import Listing
from .reconciling import Report, reconcile

__all__ = ["NotKnown", "Told", "ask", "claim", "compare_daily", "known", "run"]

KEPT = timedelta(days=90)
ABANDONED = timedelta(minutes=5)
"""A comparison that is under way for longer was killed, and is taken up again."""
GIVEN_UP = timedelta(hours=1)
MOST_PROVIDERS = 200
_NOTES_CHARACTERS = 2_000
log = structlog.get_logger()


class NotKnown(Exception):
    """A source that knows nothing of a provider, or does not answer for it; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a finished comparison came to, or why it came to nothing."""

    comparison: Comparison
    report: Report | None
    failure: str = ""


def ask(provider: Provider, source: Source, *, asked_by: str) -> Comparison:
    """Have a comparison made by whoever takes up asked ones; one that already waits is enough."""
    waiting = Comparison.objects.filter(provider=provider, source=source, state=Comparison.State.ASKED)
    return waiting.first() or Comparison.objects.create(provider=provider, source=source, asked_by=asked_by)


@transaction.atomic
def claim() -> Comparison | None:
    """Take up the oldest comparison that was asked for, or whose maker was killed; None if there is none.

    No two callers take up the same one.
    """
    now = clock.now()
    killed = Q(state=Comparison.State.RUNNING, started_at__lt=now - ABANDONED)
    Comparison.objects.filter(killed, asked_at__lt=now - GIVEN_UP).update(
        state=Comparison.State.FAILED, ended_at=now, notes="It was begun several times and never ended."
    )
    waiting = Comparison.objects.filter(Q(state=Comparison.State.ASKED) | killed)
    rows = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("provider")
    found = rows.order_by("asked_at", "pk").first()
    if found is not None:
        found.state, found.started_at = Comparison.State.RUNNING, now
        found.save(update_fields=["state", "started_at"])
    return found


def run(
    comparison: Comparison, listing: Callable[[], Listing], *, everything: bool = False, dry_run: bool = False
) -> Told:
    """Get a list, bring the proposals in line with it, and write down what came of it; with `dry_run` write nothing.

    A source that does not answer changes no proposal.
    """
    if not dry_run and comparison.state != Comparison.State.RUNNING:
        comparison.state, comparison.started_at = Comparison.State.RUNNING, clock.now()
        comparison.save()
    try:
        report = reconcile(comparison, listing(), everything=everything, dry_run=dry_run)
    except NotKnown as error:
        if not dry_run:
            _end(comparison, Comparison.State.FAILED, notes=str(error))
        return Told(comparison, None, str(error))
    if not dry_run:
        comparison.listed, comparison.refused = report.listed, [list(pair) for pair in report.refused]
        comparison.raised, comparison.withdrawn = len(report.raised), len(report.withdrawn)
        _end(comparison, Comparison.State.DONE, notes="\n".join(report.notes))
    return Told(comparison, report)


def known(provider: Provider) -> Listing:
    """Return what genai-prices, as installed, lists for a provider. Raises NotKnown."""
    from . import genai  # its prices are 10 MB, which no gateway needs

    hops = Hop.objects.filter(chain__status=Chain.Status.LIVE, endpoint__provider=provider)
    names = hops.values_list("upstream_model", flat=True).distinct()
    listing = genai.listed(provider, list(names), clock.now())
    if listing is None:
        raise NotKnown(f"genai-prices does not know {provider.slug}.")
    return listing


def compare_daily() -> int:
    """Compare every active provider that genai-prices knows and that was not compared on this UTC day.

    Returns how many comparisons that took.
    """
    from . import genai

    now = clock.now()
    Comparison.objects.filter(asked_at__lt=now - KEPT).delete()
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    compared = Comparison.objects.filter(source=Source.GENAI, asked_at__gte=today).values("provider")
    waiting = Provider.objects.filter(active=True).exclude(pk__in=compared)
    made = 0
    for provider in waiting.prefetch_related("endpoints")[:MOST_PROVIDERS]:
        if genai.house_of(provider) is None:
            continue
        comparison = Comparison(provider=provider, source=Source.GENAI, asked_by="daily")
        told = run(comparison, lambda of=provider: known(of))  # type: ignore[misc]
        made += 1
        if told.report is not None and told.report.raised:
            log.info("proposals raised", provider=provider.slug, count=len(told.report.raised))
    return made


def _end(comparison: Comparison, state: Comparison.State, *, notes: str) -> None:
    comparison.state, comparison.ended_at, comparison.notes = state, clock.now(), notes[:_NOTES_CHARACTERS]
    comparison.save()
