"""What papers are missing: they are found in the rows and issued, a few at a time."""

import time
from datetime import datetime

import structlog
from django.db import DatabaseError

from . import movements, papers, stating
from .parties import NoIssuer
from .statement import Unreconciled

__all__ = ["for_months", "for_payments"]

log = structlog.get_logger()

_PAYMENTS_PER_CALL = 200
_WORKSPACES_PER_CALL = 500


def for_payments() -> int:
    """Issue the receipts and credit notes that are missing, at most 200 a call; return how many.

    A movement whose paper cannot be written is logged and met again: it keeps no other from its paper.
    """
    issue = {papers.Kind.RECEIPT: papers.issue_receipt, papers.Kind.CREDIT_NOTE: papers.issue_credit_note}
    issued = 0
    for transaction_id, kind in movements.undocumented(_PAYMENTS_PER_CALL):
        try:
            issue[kind](transaction_id)
        except NoIssuer as error:
            log.warning("papers wait", error=str(error))
            break
        except DatabaseError as error:
            log.error("paper not issued", transaction_id=str(transaction_id), error=str(error))
        else:
            issued += 1
    return issued


def for_months(now: datetime, *, seconds: float) -> int:
    """State the months that are over for at most 500 workspaces, for about `seconds`; return how many papers.

    A workspace that fails is logged and met again: it keeps no other from its papers.
    """
    issued, until = 0, time.monotonic() + seconds
    for workspace in stating.due(now, limit=_WORKSPACES_PER_CALL):
        if time.monotonic() > until:
            break
        try:
            issued += len(stating.state(workspace, now))
        except NoIssuer as error:
            log.warning("papers wait", error=str(error))
            break
        except (Unreconciled, DatabaseError) as error:
            log.error("month not stated", workspace_id=workspace, error=str(error))
    return issued
