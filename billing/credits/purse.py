"""A workspace's credit while it is locked: what moves is split over its lots, and all of it is written at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from billing.models.account import NEVER
from kernel import clock, ids, prepared

from . import lots
from .lots import Credit, Lot, Part
from .spill import Spill, withheld

__all__ = ["Purse", "Standing", "opened"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account must say of its lots; nano-USD, and a minute since 1970."""

    withheld: int
    lapsing: int
    lapse_minute: int


@dataclass(slots=True)
class Purse:
    """The lots of one workspace with something left, and what changes of them; amounts in nano-USD."""

    workspace_id: int
    uncovered: int
    spill: Spill
    lots: list[Lot]
    _movements: list[tuple[UUID, UUID | None, int]] = field(default_factory=list)
    _made: list[tuple[Lot, int]] = field(default_factory=list)

    def give(self, transaction: UUID, amount: int, credit: Credit) -> None:
        """Keep what a transaction brings as a lot; what was uncovered is paid of it at once."""
        lot = Lot(
            id=ids.request_id(),
            transaction_id=transaction,
            source=credit.source,
            priority=credit.priority,
            remaining=amount,
            expires_on=credit.expires_on,
            created_at=clock.now(),
        )
        self._movements.append((transaction, lot.id, amount))
        owed = min(amount, self.uncovered)
        if owed:
            self._movements += [(transaction, lot.id, -owed), (transaction, None, owed)]
            self.uncovered -= owed
            lot = replace(lot, remaining=amount - owed)
        self.lots.append(lot)
        self._made.append((lot, amount))

    def take(self, transaction: UUID, amount: int, *, day: date, first: UUID | None = None) -> Sequence[Part]:
        """Take what a transaction costs on a UTC day; `first` is the transaction whose lot gives before others."""
        parts, self.lots = lots.take(self.lots, amount, day=day, first=first)
        for part in parts:
            self._movements.append((transaction, part.lot_id, -part.amount))
            if part.lot_id is None:
                self.uncovered += part.amount
        return parts

    def use(self, transaction: UUID, cost: int, *, day: date) -> None:
        """Pay usage of a UTC day; a cost below zero, a correction, comes back as credit without an end."""
        if cost < 0:
            self.give(transaction, -cost, Credit(lots.Source.CORRECTION))
            return
        of_balance = {lot.id for lot in self.lots if lot.source in lots.BALANCE}
        parts = self.take(transaction, cost, day=day)
        self._count_spilled(sum(part.amount for part in parts if part.lot_id in of_balance), day)

    def standing(self) -> Standing:
        """Return what the account must say from now on."""
        today = clock.utc_day(clock.now())
        ending = lots.lapsing(self.lots, today)
        return Standing(
            withheld=withheld(self.lots, self.spill, today=today),
            lapsing=ending[0] if ending else 0,
            lapse_minute=_first_minute(ending[1]) if ending else NEVER,
        )

    def write(self, cursor: CursorWrapper) -> Standing:
        """Write what changed and return what the account must say; the caller moves the account, last."""
        changed = {lot for _, lot, _ in self._movements} - {lot.id for lot, _ in self._made}
        left = [lot for lot in self.lots if lot.id in changed]
        prepared.execute(
            cursor,
            _WRITE,
            {
                "workspace": self.workspace_id,
                "transactions": [transaction for transaction, _, _ in self._movements],
                "moved_lots": [lot for _, lot, _ in self._movements],
                "amounts": [amount for _, _, amount in self._movements],
                "lots": [lot.id for lot in left],
                "remaining": [lot.remaining for lot in left],
                "uncovered": self.uncovered,
                "month": self.spill.month,
                "spilled": self.spill.spilled,
                **self._new_lots(),
            },
        )
        return self.standing()

    def _new_lots(self) -> dict[str, list[object]]:
        now = {lot.id: lot for lot in self.lots}
        made = [(now[lot.id], amount) for lot, amount in self._made]
        return {
            "made": [lot.id for lot, _ in made],
            "made_by": [lot.transaction_id for lot, _ in made],
            "sources": [lot.source for lot, _ in made],
            "priorities": [lot.priority for lot, _ in made],
            "made_amounts": [amount for _, amount in made],
            "made_remaining": [lot.remaining for lot, _ in made],
            "ends": [lot.expires_on for lot, _ in made],
            "made_at": [lot.created_at for lot, _ in made],
        }

    def _count_spilled(self, amount: int, day: date) -> None:
        month = day.replace(day=1)
        if amount and month >= self.spill.month:
            before = self.spill.spilled if month == self.spill.month else 0
            self.spill = replace(self.spill, month=month, spilled=before + amount)


def opened(cursor: CursorWrapper, workspace_id: int) -> Purse:
    """Lock the purse of a workspace, made if need be, and return it with its lots that have something left.

    Whoever changes lots waits here for each other; requests do not. Belongs to the caller's transaction.
    """
    opening = prepared.execute(
        cursor,
        """INSERT INTO billing_purse (workspace_id) VALUES (%s)
           ON CONFLICT (workspace_id) DO UPDATE SET workspace_id = excluded.workspace_id
           RETURNING uncovered, spill, spill_ceiling, spill_month, spilled""",
        [workspace_id],
    )
    [(uncovered, *rule)] = opening.fetchall()
    left = prepared.execute(
        cursor,
        """SELECT id, transaction_id, source, priority, remaining, expires_on, created_at
           FROM billing_credit_lot WHERE workspace_id = %s AND remaining > 0""",
        [workspace_id],
    )
    return Purse(workspace_id, uncovered, Spill(*rule), [Lot(*row) for row in left.fetchall()])


def _first_minute(day: date) -> int:
    return clock.minute_number(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


_WRITE = """
WITH moved AS (
    INSERT INTO billing_credit_movement (workspace_id, transaction_id, lot_id, amount)
    SELECT %(workspace)s, m.* FROM unnest(%(transactions)s::uuid[], %(moved_lots)s::uuid[], %(amounts)s::bigint[]) m),
made AS (
    INSERT INTO billing_credit_lot
        (workspace_id, id, transaction_id, source, priority, amount, remaining, expires_on, created_at)
    SELECT %(workspace)s, n.* FROM unnest(%(made)s::uuid[], %(made_by)s::uuid[], %(sources)s::text[],
        %(priorities)s::smallint[], %(made_amounts)s::bigint[], %(made_remaining)s::bigint[], %(ends)s::date[],
        %(made_at)s::timestamptz[]) n),
changed AS (
    UPDATE billing_credit_lot l SET remaining = c.remaining
    FROM unnest(%(lots)s::uuid[], %(remaining)s::bigint[]) c (id, remaining)
    WHERE l.workspace_id = %(workspace)s AND l.id = c.id)
UPDATE billing_purse SET uncovered = %(uncovered)s, spill_month = %(month)s, spilled = %(spilled)s
WHERE workspace_id = %(workspace)s
"""
