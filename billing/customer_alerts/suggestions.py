"""What is suggested for a new alert: a round amount near what the workspace spends in a month, else a usual one."""

from zoneinfo import ZoneInfo

from accounts.models import Workspace
from billing import statements
from kernel.money import NANO_PER_USD

from .kinds import KINDS, Of

__all__ = ["rounded_up", "suggested"]

_STEPS = (1, 2, 5)
_SHARE_LEFT = 10  # of a month's spend: about three days are left to add credit


def suggested(workspace: Workspace, kind: str) -> int:
    """Return an amount in nano-USD, or percent, as the kind has it."""
    usual = KINDS[kind].suggested
    if not KINDS[kind].money:
        return usual
    month = statements.month(workspace.pk, zone=ZoneInfo(workspace.time_zone))
    if month.whole is None:
        return usual
    return rounded_up(month.whole.expected // (_SHARE_LEFT if kind == Of.BALANCE else 1))


def rounded_up(nano: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50 … USD above an amount."""
    power = NANO_PER_USD
    while True:
        for step in _STEPS:
            if step * power > nano:
                return step * power
        power *= 10
