"""The replay itself: for one workspace that changes its plan, and for all who are to be moved to other terms."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Sum

from accounts.models import Workspace
from billing.models import DailyUsage
from billing.present import now as present
from catalog.models import PlanVersion
from kernel import clock

from .paying import Tariff, tariff
from .shelf import shelf
from .windows import DAYS, NOTHING, Met, met

__all__ = ["MOST", "Cohort", "Line", "TooMuch", "cohort", "each"]

MOST = 2_000
"""How many workspaces are replayed at most: those that spent most."""
SHOWN = 12
_PATIENCE_MS = 4_000


class TooMuch(Exception):
    """There is more usage than can be read while somebody waits."""


@dataclass(frozen=True, slots=True)
class Line:
    """One workspace: what it would have met, and what it would have paid, in nano-USD, on either terms."""

    workspace_id: int
    name: str
    met: Met
    paid: int
    pays: int

    @property
    def more(self) -> int:
        """How much more it would have paid, negative for less."""
        return self.pays - self.paid


@dataclass(frozen=True, slots=True)
class Cohort:
    """All who would be moved and used anything: those refused and those who pay more, the worst first, at most SHOWN."""

    replayed: int
    left_out: int
    refused: int
    maybe: int
    dearer: int
    more: int
    worst: tuple[Line, ...]


def each(workspace: Workspace, others: Iterable[PlanVersion]) -> dict[int, Line]:
    """Return what a workspace's last 30 days would have been on each of other terms, by their number. Raises TooMuch."""
    found = {}
    for after in others:
        [found[after.pk]] = _lines({workspace.pk: workspace.name}, workspace.plan_version, after)
    return found


def cohort(before: PlanVersion, after: PlanVersion) -> Cohort:
    """Return what everyone's last 30 days on some terms would have been on others, of the MOST who spent most.

    Raises TooMuch.
    """
    on_terms = Workspace.objects.filter(plan_version=before)
    names = dict(on_terms.order_by("pk").values_list("pk", "name")[: MOST + 1])
    everyone = len(names) if len(names) <= MOST else on_terms.count()
    if everyone > MOST:
        names = _dearest(before)
    lines = [line for line in _lines(names, before, after) if line.met.requests]
    worst = sorted(lines, key=lambda line: (line.met.surely, line.more), reverse=True)
    troubled = [line for line in worst if line.met.surely or line.met.maybe or line.more > 0]
    return Cohort(
        replayed=len(names),
        left_out=everyone - len(names),
        refused=sum(1 for line in lines if line.met.surely),
        maybe=sum(1 for line in lines if line.met.maybe and not line.met.surely),
        dearer=sum(1 for line in lines if line.more > 0),
        more=sum(line.more for line in lines if line.more > 0),
        worst=tuple(troubled[:SHOWN]),
    )


def _dearest(before: PlanVersion) -> dict[int, str]:
    first = clock.utc_day(present()) - timedelta(days=DAYS - 1)
    those = Workspace.objects.filter(plan_version=before).values("pk")
    rows = DailyUsage.objects.filter(day__gte=first, workspace_id__in=those)
    spent = rows.order_by().values_list("workspace_id").annotate(cost=Sum("cost")).order_by("-cost")
    return dict(Workspace.objects.filter(pk__in=[pk for pk, _ in spent[:MOST]]).values_list("pk", "name"))


def _lines(names: dict[int, str], before: PlanVersion, after: PlanVersion) -> Iterable[Line]:
    was, becomes = tariff(before), tariff(after)
    found = _bounded(list(names), before, after)
    return [_line(pk, name, found.get(pk, NOTHING), was, becomes) for pk, name in names.items()]


def _line(pk: int, name: str, seen: Met, was: Tariff, becomes: Tariff) -> Line:
    usage = becomes.usage(seen.cost - seen.lost_cost, before=was)
    return Line(pk, name, seen, paid=was.pays(seen.cost), pays=becomes.pays(usage))


def _bounded(workspace_ids: list[int], before: PlanVersion, after: PlanVersion) -> dict[int, Met]:
    last = clock.utc_day(present())
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(_PATIENCE_MS)])
            return met(workspace_ids, after, shelf(before, after), last=last)
    except OperationalError as error:
        raise TooMuch from error
