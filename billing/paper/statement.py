"""What a month's statement says: usage in cents that add up, the balance to the last digit; no amount is due."""

from typing import Any

from billing.ledger import Kind
from billing.models import Paper

from . import cents, month_usage, movements, reconciliation
from .month_usage import Line
from .months import Month
from .papers import Draft
from .reconciliation import Account, Before

__all__ = ["Unreconciled", "Waiting", "compose"]

# In this order on paper; only what moved is said.
_KINDS = (
    *(Kind.TOP_UP, Kind.GRANT, Kind.REFUND, Kind.DISPUTE, Kind.EXPIRY, Kind.ADJUSTMENT),
    *(Kind.REVERSAL, Kind.USAGE),
)


class Waiting(Exception):
    """A request of the month is open, or not yet charged."""


class Unreconciled(Exception):
    """The usage of a month is not what was charged for it: `manage.py audit` names the day."""


def compose(workspace_id: int, month: Month) -> Draft | None:
    """Return a workspace's statement of a month that is over, or None if nothing moved and nothing was asked.

    It has every ledger entry of the month's days, and those of earlier days that came after the last statement.
    Raises Waiting, Unreconciled, or LookupError if the workspace has no account.
    """
    since = reconciliation.before(workspace_id, month)
    standing = month_usage.read(workspace_id, month)
    if standing.waiting:
        raise Waiting
    account = reconciliation.read(workspace_id, month, since=since, seq=standing.seq)
    lines = [*standing.lines, *([standing.rest] if standing.rest else [])]
    used = sum(line.nano for line in lines)
    if used != account.usage:
        raise Unreconciled(
            f"workspace {workspace_id}, {month}: used {used}, charged {account.usage} nano-USD"
        )
    if not lines and not account.kinds:
        return None
    return _draft(workspace_id, month, since, account, standing)


def _draft(
    workspace_id: int, month: Month, since: Before, account: Account, standing: month_usage.Standing
) -> Draft:
    total = account.usage + account.late_usage
    whole, carried = cents.carry(total, since.remainder)
    return Draft(
        workspace_id=workspace_id,
        kind=Paper.Kind.STATEMENT,
        total_nano=total,
        total_cents=whole,
        words={
            "period": {"first": month.first.isoformat(), "last": month.last.isoformat()},
            "usage": _usage(standing, account, total=total, brought=since.remainder),
            "account": _account(account),
        },
        columns={
            "period_start": month.first,
            "period_end": month.last,
            "ledger_seq": standing.seq,
            "next_seq": account.next_seq,
            "charge_no": standing.charge_no,
            "closing": account.closing,
            "remainder": carried,
        },
    )


def _usage(standing: month_usage.Standing, account: Account, *, total: int, brought: int) -> dict[str, Any]:
    amounts = [line.nano for line in standing.lines]
    amounts += [standing.rest.nano if standing.rest else 0, account.late_usage]
    whole, carried = cents.carry(total, brought)
    *shown, rest, late = cents.split(amounts, whole)
    summed = [*standing.lines, *([standing.rest] if standing.rest else [])]
    return {
        "lines": [_line(line, part) for line, part in zip(standing.lines, shown, strict=True)],
        "rest": _line(standing.rest, rest) if standing.rest else None,
        "late": {"nano": account.late_usage, "cents": late} if account.late_usage or late else None,
        "requests": sum(line.requests for line in summed),
        "failed": sum(line.failed for line in summed),
        "nano": total,
        "cents": whole,
        "brought": brought,
        "carried": carried,
    }


def _line(line: Line, whole: int) -> dict[str, Any]:
    return {
        "model": line.model,
        "key": line.key,
        "parts": line.parts,
        "requests": line.requests,
        "failed": line.failed,
        "counts": line.counts,
        "nano": line.nano,
        "cents": whole,
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "opening": account.opening,
        "kinds": [[movements.words(kind), account.kinds[kind]] for kind in _KINDS if kind in account.kinds],
        "closing": account.closing,
        "movements": [_movement(movement) for movement in account.movements],
        "more": {"count": account.more[0], "amount": account.more[1]} if account.more[0] else None,
    }


def _movement(movement: reconciliation.Movement) -> dict[str, Any]:
    return {
        "day": movement.day.isoformat(),
        "what": movement.what,
        "amount": movement.amount,
        "transaction": movement.transaction,
    }
