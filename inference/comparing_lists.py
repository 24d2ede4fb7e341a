"""Comparisons of the catalogue with what others list, made: where the list comes from, and those that were asked for."""

import time

from catalog.models import Comparison, Source
from catalog.proposals import comparisons
from catalog.proposals.comparisons import Told

from .listing_upstream import listed_upstream

__all__ = ["compare", "compare_asked"]

BEGIN_WITHIN_SECONDS = 15.0
"""No further comparison begins after that: the longest takes 30 s, and a task 60."""


def compare(comparison: Comparison, *, everything: bool = False, dry_run: bool = False) -> Told:
    """Compare a provider with one source, now."""
    provider = comparison.provider
    listing = (
        (lambda: comparisons.known(provider))
        if comparison.source == Source.GENAI
        else (lambda: listed_upstream(provider))
    )
    return comparisons.run(comparison, listing, everything=everything, dry_run=dry_run)


def compare_asked() -> int:
    """Make the comparisons that operators asked for, or whose maker was killed; return how many."""
    began, made = time.monotonic(), 0
    while time.monotonic() - began < BEGIN_WITHIN_SECONDS:
        comparison = comparisons.claim()
        if comparison is None:
            break
        compare(comparison)
        made += 1
    return made
