"""What must hold of the money at every moment: all the rules, in the order in which they are told."""

from billing.proof.books import BOOKS
from billing.proof.funds import FUNDS
from billing.proof.lots import LOTS
from billing.proof.payments import PAYMENTS
from billing.proof.sealed import SEALED
from billing.proof.trail import TRAIL
from billing.proof.usage import USAGE

__all__ = ["INVARIANTS"]


def _place(name: str) -> tuple[str, int, str]:
    return name[0], int(name.split()[0][1:]), name


INVARIANTS = tuple(
    sorted((*BOOKS, *USAGE, *FUNDS, *LOTS, *PAYMENTS, *SEALED, *TRAIL), key=lambda rule: _place(rule.name))
)
