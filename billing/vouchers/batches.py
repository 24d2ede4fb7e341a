"""How an operator makes codes: a batch on the same terms, its codes told this once."""

from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import Voucher, VoucherBatch
from kernel import clock

from . import codes

__all__ = ["AlreadyMade", "make", "stop"]


class AlreadyMade(Exception):
    """The batch was made before; its codes were shown then and cannot be had again."""


def make(batch: VoucherBatch) -> list[str]:
    """Save a batch with its codes and return them. Raises AlreadyMade for a batch whose id was saved before."""
    minted = {codes.mint() for _ in range(batch.codes)}
    while len(minted) < batch.codes:
        minted.add(codes.mint())
    listed = sorted(minted)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError as error:
        if VoucherBatch.objects.filter(pk=batch.pk).exists():
            raise AlreadyMade from None
        raise error
    Voucher.objects.bulk_create(
        [
            Voucher(
                batch=batch,
                digest=codes.digest(code),
                prefix=codes.prefix(code),
                most_redemptions=batch.most_redemptions,
            )
            for code in listed
        ],
        batch_size=1_000,
    )
    return listed


def stop(batch_id: UUID) -> bool:
    """Let no code of a batch be redeemed any more; tell whether it was not stopped before. What was given stays."""
    return bool(
        VoucherBatch.objects.filter(pk=batch_id, stopped_at__isnull=True).update(stopped_at=clock.now())
    )
