"""One round of charging: the workspaces that are due, closed and posted, for a bounded time."""

import random
import time
from collections.abc import Sequence

import structlog
from django.db import DatabaseError

from billing import rollup

__all__ = ["charge"]

log = structlog.get_logger()


def charge(workspaces: Sequence[int], *, actor: str, seconds: float) -> int:
    """Close and post these workspaces in chance order until the time is over; return how many numbers were posted.

    The order spreads several workers over the workspaces. One that fails is logged and left for the next round.
    """
    posted, until = 0, time.monotonic() + seconds
    for workspace in random.sample(workspaces, len(workspaces)):
        if time.monotonic() > until:
            log.warning("charging goes on in the next round", posted=posted)
            break
        try:
            rollup.close(workspace)
            posted += rollup.post(workspace, actor=actor)
        except DatabaseError as error:
            log.warning("workspace not charged", workspace_id=workspace, error=str(error))
    return posted
