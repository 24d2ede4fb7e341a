"""How a code becomes credit: once for each use it has, whoever comes at the same moment."""

import datetime
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction

from accounts import rates
from accounts.models import Workspace
from billing import figures, ledger
from billing.credits.lots import Credit, Source
from billing.models import Redemption, Voucher, VoucherBatch
from kernel import clock

from . import codes

__all__ = ["Given", "Refused", "redeem"]

TRIES_A_MINUTE = 5
_UNKNOWN = "This code is not valid, or it has been used up."
_ONE_OF_A_KIND = "This workspace has redeemed another code of the same kind already; one is all it can have."


class Refused(Exception):
    """The code gave nothing; the message says why, in words for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Given:
    """Credit from a voucher, in nano-USD, and the UTC day from whose start on it is gone."""

    amount: int
    expires_on: datetime.date | None


def redeem(workspace: Workspace, typed: str, *, by: str, limited_as: str | None) -> Given:
    """Give a workspace the credit of a code and return what it got.

    `by` is the person's e-mail. `limited_as` names the person to count tries for, five a minute for them and for the
    workspace; None for an operator. Raises Refused: of a code that others used up no more is said than of one
    that never was.
    """
    code = codes.tidy(typed)
    if code is None:
        raise Refused(f"This is no voucher code. Codes look like {codes.EXAMPLE}: look for a slip.")
    if limited_as is not None:
        _count_try(workspace, limited_as)
    if workspace.status != Workspace.Status.ACTIVE:
        raise Refused(f"This workspace is {workspace.status}.")
    try:
        return _redeem(workspace, code, by=by)
    except IntegrityError:
        # Another code of the batch, at the same moment: it has its own row, and the constraint let only one through.
        raise Refused(_ONE_OF_A_KIND) from None


@transaction.atomic
def _redeem(workspace: Workspace, code: str, *, by: str) -> Given:
    found = Voucher.objects.select_for_update(of=("self",)).select_related("batch")
    voucher = found.filter(digest=codes.digest(code)).first()
    if voucher is None:
        raise Refused(_UNKNOWN)
    return _give(workspace, voucher, by=by)


def _count_try(workspace: Workspace, person: str) -> None:
    try:
        rates.take("voucher-person", person, limit=TRIES_A_MINUTE)
        rates.take("voucher-workspace", str(workspace.pk), limit=TRIES_A_MINUTE)
    except rates.TooOften as error:
        raise Refused(f"Too many codes were tried. {error.when}") from None


def _give(workspace: Workspace, voucher: Voucher, *, by: str) -> Given:
    """Use one place of a locked code. The account is locked last: requests wait for it."""
    today = clock.utc_day(clock.now())
    batch = voucher.batch
    _look(workspace, voucher, batch, today)
    expires_on = _ends(batch, today)
    voucher.redeemed += 1
    voucher.save(update_fields=["redeemed"])
    use = Redemption(
        workspace_id=workspace.pk,
        voucher=voucher,
        place=voucher.redeemed,
        once_of=batch.pk if batch.once_per_workspace else None,
        expires_on=expires_on,
        redeemed_by=by,
    )
    use.transaction_id = ledger.post(
        workspace_id=workspace.pk,
        kind=ledger.Kind.GRANT,
        amount=batch.amount,
        offset=ledger.System.PROMOTION,
        idem_key=f"voucher:{voucher.pk}:{workspace.pk}",
        reason=f"Voucher {voucher.prefix}",
        actor=by,
        credit=Credit(Source.VOUCHER, expires_on),
    )
    use.save(force_insert=True)
    return Given(batch.amount, expires_on)


def _look(workspace: Workspace, voucher: Voucher, batch: VoucherBatch, today: datetime.date) -> None:
    """Raise Refused if this workspace gets nothing for this code today."""
    earlier = Redemption.objects.filter(workspace_id=workspace.pk, voucher=voucher).first()
    if earlier is not None:
        day = figures.day(earlier.redeemed_at.date(), year=True)
        raise Refused(f"This workspace has redeemed this code already, on {day}.")
    if voucher.redeemed >= voucher.most_redemptions:
        raise Refused(_UNKNOWN)
    if batch.stopped_at is not None:
        raise Refused("This code was withdrawn.")
    if batch.redeem_by is not None and batch.redeem_by < today:
        raise Refused(f"This code could be redeemed until {figures.day(batch.redeem_by, year=True)}.")
    if batch.credit_ends_on is not None and batch.credit_ends_on <= today:
        raise Refused(f"The credit of this code ended on {figures.day(batch.credit_ends_on, year=True)}.")
    if Redemption.objects.filter(workspace_id=workspace.pk, once_of=batch.pk).exists():
        raise Refused(_ONE_OF_A_KIND)


def _ends(batch: VoucherBatch, today: datetime.date) -> datetime.date | None:
    if batch.credit_days is not None:
        return today + timedelta(days=batch.credit_days + 1)
    return batch.credit_ends_on
