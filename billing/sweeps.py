"""One round of charging: the workspaces that are due, closed and posted, for a bounded time."""

import random
import time
from collections.abc import Sequence

import structlog
from django.db import DatabaseError

from billing import rollup

__all__ = ["charge"]

CLOSED_TOGETHER = 32
"""How many numbers are closed in one commit; their accounts are locked until it is made."""
log = structlog.get_logger()


def charge(workspaces: Sequence[int], *, actor: str, seconds: float) -> int:
    """Close and post these workspaces in chance order until the time is over; return how many numbers were posted.

    The order spreads several workers over the workspaces. One that fails is logged and left for the next round.
    """
    posted, until = 0, time.monotonic() + seconds
    order = random.sample(workspaces, len(workspaces))
    for first in range(0, len(order), CLOSED_TOGETHER):
        some = order[first : first + CLOSED_TOGETHER]
        closed = _closed(some)
        for workspace in some:
            if time.monotonic() > until:
                log.warning("charging goes on in the next round", posted=posted)
                return posted
            posted += _charged(workspace, closed=workspace in closed, actor=actor)
    return posted


def _closed(workspaces: Sequence[int]) -> set[int]:
    try:
        return rollup.close_free(workspaces)
    except DatabaseError as error:
        log.warning("numbers not closed together", error=str(error))
        return set()


def _charged(workspace: int, *, closed: bool, actor: str) -> int:
    try:
        if not closed:
            rollup.close(workspace)
        return rollup.post(workspace, actor=actor)
    except DatabaseError as error:
        log.warning("workspace not charged", workspace_id=workspace, error=str(error))
        return 0
