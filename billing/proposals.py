"""One batch of admissions on a connection: propose, read what was left, pick again, until each has its verdict."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncRawCursor

from kernel.failpoints import failpoint

from .admission import Ask, Granted, Refused, State, decide
from .taking import READ, TAKE, read_parameters, state, take_parameters

__all__ = ["MAX_ROUNDS", "Verdict", "propose"]

MAX_ROUNDS = 8
Verdict = Granted | Refused

# Kept as they are sent: a fresh copy of some kilobytes would be compared with that of the statement prepared before.
_TAKE = TAKE.encode()
_TAKE_FREE = TAKE.replace("FOR UPDATE OF a", "FOR UPDATE OF a SKIP LOCKED").encode()
_READ = READ.encode()


async def propose(
    connection: AsyncConnection[Any], asks: Sequence[Ask], *, worker_id: UUID, skip_locked: bool = False
) -> list[Verdict | None]:
    """Return a verdict per request, in their order; None where none could be reached.

    With `skip_locked` only free accounts are tried, once, and everything left stays None: a row that somebody
    holds looks like one that refused. Otherwise None means that MAX_ROUNDS went by or the account is missing.
    """
    verdicts: dict[UUID, Verdict] = {}
    left = _groups(asks)
    cursor = AsyncRawCursor(connection)
    for _ in range(1 if skip_locked else MAX_ROUNDS):
        taken = await _take(cursor, left, worker_id=worker_id, skip_locked=skip_locked)
        for workspace, granted in taken.items():
            verdicts.update((ask.request_id, granted) for ask in left.pop(workspace))
        if not left or skip_locked:
            break
        left = _pick(left, await _read(cursor, left), verdicts)
        if not left:
            break
    return [verdicts.get(ask.request_id) for ask in asks]


def _groups(asks: Sequence[Ask]) -> dict[int, list[Ask]]:
    groups: dict[int, list[Ask]] = defaultdict(list)
    for ask in asks:
        groups[ask.workspace_id].append(ask)
    return dict(sorted(groups.items()))


async def _take(
    cursor: AsyncRawCursor[Any], groups: dict[int, list[Ask]], *, worker_id: UUID, skip_locked: bool
) -> dict[int, Granted]:
    failpoint("admit.begun")
    sql = _TAKE_FREE if skip_locked else _TAKE
    await cursor.execute(sql, take_parameters(list(groups.values()), worker_id=worker_id), prepare=True)
    failpoint("admit.taken")
    return {row[0]: Granted(*row[1:]) for row in await cursor.fetchall()}


async def _read(cursor: AsyncRawCursor[Any], groups: dict[int, list[Ask]]) -> dict[int, State]:
    await cursor.execute(_READ, read_parameters(groups), prepare=True)
    failpoint("admit.read")
    return {row[0]: state(*row[1:]) for row in await cursor.fetchall()}


def _pick(
    groups: dict[int, list[Ask]], states: dict[int, State], verdicts: dict[UUID, Verdict]
) -> dict[int, list[Ask]]:
    picked: dict[int, list[Ask]] = {}
    for workspace, asks in groups.items():
        if workspace not in states:
            continue
        reasons = decide(asks, states[workspace])
        verdicts.update((ask.request_id, reason) for ask, reason in zip(asks, reasons, strict=True) if reason)
        if fitting := [ask for ask, reason in zip(asks, reasons, strict=True) if reason is None]:
            picked[workspace] = fitting
    return picked
