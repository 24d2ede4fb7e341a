"""How proposals follow what a source says: new ones are made, what no longer holds is withdrawn, what was decided stays."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.models import Comparison, ListedModel, Proposal, Provider
from kernel import clock

from . import standing
from .comparing import Finding, Key, findings, uncarried
from .listing import Listing

__all__ = ["Report", "reconcile"]

MOST_RAISED = 500
"""By one comparison; the rest is found by the next."""
_FAULT_ABOVE = 5
Kind, Status = Proposal.Kind, Proposal.Status
# What a finding says is not undone by approving it: these hold on until somebody acts on what came of it.
_OUTLAST_APPROVAL = (Kind.NEW, Kind.GONE)


@dataclass(frozen=True, slots=True)
class Report:
    """What one comparison came to; `refused` are models of ours whose cost cannot be carried, each with why."""

    listed: int
    raised: tuple[Proposal, ...]
    withdrawn: tuple[Proposal, ...]
    standing: int
    rejected_before: int
    refused: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What changed on a list since it was last looked at."""

    new: Collection[str]
    gone: Collection[str]
    notes: tuple[str, ...]


def reconcile(
    comparison: Comparison, listing: Listing, *, everything: bool = False, dry_run: bool = False
) -> Report:
    """Bring the proposals of one provider and source in line with a list, and say what that took.

    On the first look at a list its models are only noted; `everything` proposes them as new, and on later looks all
    that no chain of ours leads to. Nothing but proposals and notes is written, with `dry_run` not even those.
    """
    with transaction.atomic():
        # One comparison of a provider at a time; who adds rows that refer to it does not wait.
        provider = Provider.objects.select_for_update(no_key=True).get(pk=comparison.provider_id)
        places = standing.places(provider)
        now = clock.now()
        seen = _noted(provider, comparison.source, listing, now, everything=everything)
        found = {each.key: each for each in findings(places, listing, new=seen.new, gone=seen.gone)}
        report = _Desk(comparison, provider, now).bring(found, listing)
        notes = (*listing.notes, *seen.notes, *report.notes)
        report = Report(
            len(listing.entries),
            report.raised,
            report.withdrawn,
            report.standing,
            report.rejected_before,
            tuple(uncarried(places, listing)),
            notes,
        )
        transaction.set_rollback(dry_run)
    return report


def _noted(provider: Provider, source: str, listing: Listing, now: datetime, *, everything: bool) -> _Seen:
    """Note what is listed, and return what came and went since the list was last noted."""
    rows = {row.upstream_model: row for row in ListedModel.objects.filter(provider=provider, source=source)}
    present = {key for key, row in rows.items() if row.gone_at is None}
    missing = present - listing.entries.keys()
    notes: tuple[str, ...] = ()
    if len(missing) > _FAULT_ABOVE and 2 * len(missing) > len(present):
        notes = (
            f"{len(missing)} of {len(present)} models are missing on the list: taken for a fault of the list",
        )
        missing = set()
    came = listing.entries.keys() - present
    facts = {"provider": provider, "source": source, "first_seen_at": now, "last_seen_at": now}
    fresh = [ListedModel(upstream_model=key, **facts) for key in sorted(came - rows.keys())]
    ListedModel.objects.bulk_create(fresh, batch_size=1000)
    known = ListedModel.objects.filter(provider=provider, source=source)
    known.filter(upstream_model__in=listing.entries.keys()).update(last_seen_at=now, gone_at=None)
    known.filter(upstream_model__in=missing).update(gone_at=now)
    gone = missing | {key for key, row in rows.items() if row.gone_at and key not in listing.entries}
    if everything:
        return _Seen(listing.entries.keys(), gone, notes)
    if not rows:
        notes = (*notes, f"first look: {len(came)} models noted, none of them proposed as new")
        return _Seen((), gone, notes)
    still = _still_new(provider, source)
    return _Seen(came | (still & listing.entries.keys()), gone, notes)


def _still_new(provider: Provider, source: str) -> set[str]:
    """Return the models whose proposal as new ones waits or was decided: it holds as long as they are listed."""
    rows = Proposal.objects.filter(provider=provider, source=source, kind=Kind.NEW, moved_at=None)
    return set(rows.exclude(status=Status.WITHDRAWN).values_list("upstream_model", flat=True))


@dataclass(frozen=True, slots=True)
class _Desk:
    """The proposals of one provider and source while they are brought in line."""

    comparison: Comparison
    provider: Provider
    now: datetime

    def bring(self, found: Mapping[Key, Finding], listing: Listing) -> Report:
        rows = Proposal.objects.filter(provider=self.provider, source=self.comparison.source)
        waiting = {_key(row): row for row in rows.filter(status=Status.OPEN).select_for_update()}
        withdrawn = [
            self._withdraw(row, _why(row, found.get(key), listing))
            for key, row in waiting.items()
            if (finding := found.get(key)) is None or not _same(row, finding)
        ]
        kept = len(waiting) - len(withdrawn)
        decided = self._decided(found)
        ended = {_key(row) for row in withdrawn}
        fresh = [
            each
            for key, each in found.items()
            if (key not in waiting or key in ended) and not _settled(decided.get(key), each)
        ]
        notes: tuple[str, ...] = ()
        if len(fresh) > MOST_RAISED:
            notes = (f"{len(fresh) - MOST_RAISED} more differences wait for the next comparison",)
        raised = [self._raise(each) for each in fresh[:MOST_RAISED]]
        silent = sum(
            1 for key, each in found.items() if key not in waiting and _settled(decided.get(key), each)
        )
        return Report(0, tuple(raised), tuple(withdrawn), kept, silent, (), notes)

    def _decided(self, found: Mapping[Key, Finding]) -> dict[Key, Proposal]:
        """Return the newest decision on each matter that still stands, and let those go whose figure has moved."""
        standing_rows = Proposal.objects.filter(
            provider=self.provider,
            source=self.comparison.source,
            status__in=[Status.APPROVED, Status.REJECTED],
            moved_at=None,
        )
        decided: dict[Key, Proposal] = {}
        for row in standing_rows.order_by("decided_at", "pk"):
            finding = found.get(_key(row))
            if finding is None or finding.figure != row.figure:
                row.moved_at = self.now
                row.save(update_fields=["moved_at"])
            else:
                decided[_key(row)] = row
        return decided

    def _withdraw(self, row: Proposal, reason: str) -> Proposal:
        row.status, row.decided_at, row.reason = Status.WITHDRAWN, self.now, reason
        row.save(update_fields=["status", "decided_at", "reason"])
        return row

    def _raise(self, finding: Finding) -> Proposal:
        return Proposal.objects.create(
            provider=self.provider,
            source=self.comparison.source,
            kind=finding.kind,
            upstream_model=finding.upstream_model,
            model=finding.model,
            before=finding.before,
            after=finding.after,
            evidence=finding.evidence,
            figure=finding.figure,
            move_ppm=finding.move_ppm,
            needs_two=finding.needs_two,
            cost_before=finding.cost_before,
            sell_before=finding.sell_before,
            raised_at=self.now,
            raised_in=self.comparison if self.comparison.pk else None,
        )


def _key(row: Proposal) -> Key:
    return row.kind, row.upstream_model, row.model_id


def _same(row: Proposal, finding: Finding) -> bool:
    same_facts = (row.before, row.after) == (finding.before, finding.after)
    versions = (finding.cost_before, finding.sell_before)
    return same_facts and (row.cost_before_id, row.sell_before_id) == tuple(
        each.pk if each else None for each in versions
    )


def _settled(decided: Proposal | None, finding: Finding) -> bool:
    """Tell whether people have said what is to be done about this figure."""
    if decided is None:
        return False
    return decided.status == Status.REJECTED or finding.kind in _OUTLAST_APPROVAL


def _why(row: Proposal, finding: Finding | None, listing: Listing) -> str:
    """Return why a proposal no longer holds, in a sentence."""
    if finding is not None:
        theirs = finding.before == row.before and finding.after != row.after
        return "The source says something else now." if theirs else "The catalogue has changed since."
    if row.kind == Kind.GONE:
        return "It is listed again, or no chain of ours leads to it any more."
    entry = listing.find(row.upstream_model)
    if entry is None:
        return "The source no longer lists it."
    if row.kind == Kind.NEW:
        return "A chain of ours leads to it now."
    if row.kind in (Kind.COST, Kind.UNPRICED) and entry.tariff is None:
        return f"The source no longer tells a price that can be carried: {entry.refusal or 'none is listed'}."
    return "Source and catalogue agree now, or no chain of ours leads to it any more."
