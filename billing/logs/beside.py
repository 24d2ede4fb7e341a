"""One request beside the list: settled, refused or running, whichever it is; of another workspace it is none."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.models import Workspace
from billing import figures, reach
from billing.exploring import scope
from kernel import clock

from . import pane, reading, refusing
from .lines import Line, Writer

__all__ = ["Shown", "shown"]


@dataclass(frozen=True)
class Shown:
    """One request: exactly one of settled, refused and running. `clock` and `age` tell when that was."""

    request_id: UUID
    settled: pane.Pane | None
    refused: refusing.Pane | None
    running: Line | None
    key: str
    clock: str
    age: str


def shown(workspace: Workspace, request_id: UUID) -> Shown | None:
    """Return what is told of a workspace's request; None if it is unknown, another's, or out of reach."""
    within, zone = reach.of(workspace.terms.retention_days), ZoneInfo(workspace.time_zone)
    settled = pane.request(workspace.pk, request_id, reach=within)
    if settled is not None:
        said = figures.moment(settled.at, now=clock.now(), zone=zone)
        return Shown(request_id, settled, None, None, settled.receipt.key_name, *said)
    writer = Writer(scope.of(workspace.pk), clock.now(), zone)
    refused = refusing.refusal(workspace.pk, request_id, reach=within, zone=zone)
    if refused is not None:
        said = figures.moment(refused.refusal.refused_at, now=writer.now, zone=zone)
        key = writer.name("key", refused.refusal.api_key_id)
        return Shown(request_id, None, refused, None, key, *said)
    running = reading.running(workspace.pk, request_id)
    if running is None:
        return None
    line = writer.line(running)
    return Shown(request_id, None, None, line, line.key, line.clock, line.age)
