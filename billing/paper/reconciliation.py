"""How a month's balance came about: opening, every kind of movement, closing; each ledger entry on one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from billing.ledger import Kind
from billing.models import Paper

from . import movements
from .months import Month

__all__ = ["Account", "Before", "Movement", "before", "read"]

MOVEMENTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Before:
    """Where the last statement of a workspace ended; of one without, its beginning. Money in nano-USD.

    It covers the entries up to `seq` of days up to `end`, and the usage of numbers up to `charge_no` of such days.
    Every entry below `next_seq` is on a statement.
    """

    end: date
    seq: int
    next_seq: int
    charge_no: int
    closing: int
    remainder: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement beside usage."""

    day: date
    what: str
    amount: int
    transaction: str


@dataclass(frozen=True, slots=True)
class Account:
    """A month on a workspace's account: nano-USD by kind, what of the usage is of earlier days, and the movements.

    `more` are those beyond the first 200, as number and sum. Every entry below `next_seq` is on this statement or one
    before it.
    """

    opening: int
    kinds: dict[str, int]
    usage: int
    late_usage: int
    movements: Sequence[Movement]
    more: tuple[int, int]
    next_seq: int

    @property
    def closing(self) -> int:
        """The balance at the end of the month."""
        return self.opening + sum(self.kinds.values())


def before(workspace_id: int, month: Month) -> Before:
    """Return where the last statement before a month ended."""
    last = (
        Paper.objects.filter(
            workspace_id=workspace_id, kind=Paper.Kind.STATEMENT, period_start__lt=month.first
        )
        .order_by("-period_start")
        .values_list("period_end", "ledger_seq", "next_seq", "charge_no", "closing", "remainder")
        .first()
    )
    return Before(*last) if last else Before(date.min, 0, 1, 0, 0, 0)  # type: ignore[arg-type]  # a statement has all


# An entry is on the first statement whose month is not before its day and that was made after it was posted. What
# an earlier statement left out came after it, or belongs to a day after its month.
_SEEN = """
FROM billing_ledger_entry e
JOIN billing_ledger_transaction t ON t.id = e.transaction_id AND t.workspace_id = e.workspace_id
WHERE e.workspace_id = %(workspace)s AND e.account = 'workspace' AND e.seq BETWEEN %(from)s AND %(seq)s"""
_COVERED = f"""{_SEEN} AND t.day <= %(last)s AND NOT (e.seq <= %(before_seq)s AND t.day <= %(before_end)s)"""


def read(workspace_id: int, month: Month, *, since: Before, seq: int) -> Account:
    """Return a month's movements up to the ledger entry `seq`, on top of where the statement before ended."""
    values: dict[str, int | date] = {
        "workspace": workspace_id,
        "first": month.first,
        "last": month.last,
        "seq": seq,
        "before_seq": since.seq,
        "before_end": since.end,
        "shown": MOVEMENTS_SHOWN,
        "from": since.next_seq,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.kind, t.day < %(first)s, count(*), sum(e.amount)::bigint {_COVERED} GROUP BY 1, 2""",
            values,
        )
        sums = cursor.fetchall()
        cursor.execute(
            f"""SELECT t.day, t.kind, t.idem_key, e.amount, t.id {_COVERED} AND t.kind <> 'usage'
                ORDER BY e.seq LIMIT %(shown)s""",
            values,
        )
        shown = [Movement(day, movements.words(kind, key), amount, str(made)) for day, kind, key, amount, made in cursor]  # fmt: skip
        cursor.execute(f"SELECT min(e.seq) {_SEEN} AND t.day > %(last)s", values)
        [first_after] = cursor.fetchone() or (None,)
    kinds: dict[str, int] = {}
    for kind, _, _, amount in sums:
        kinds[kind] = kinds.get(kind, 0) + amount
    others = [(number, amount) for kind, _, number, amount in sums if kind != Kind.USAGE]
    return Account(
        opening=since.closing,
        kinds=kinds,
        usage=-sum(amount for kind, late, _, amount in sums if kind == Kind.USAGE and not late),
        late_usage=-sum(amount for kind, late, _, amount in sums if kind == Kind.USAGE and late),
        movements=shown,
        more=(
            sum(number for number, _ in others) - len(shown),
            sum(amount for _, amount in others) - sum(movement.amount for movement in shown),
        ),
        next_seq=first_after or seq + 1,
    )
