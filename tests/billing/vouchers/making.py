"""Makes batches of vouchers for tests."""

from typing import Any

from billing.models import VoucherBatch
from billing.vouchers import batches

DOLLAR = 1_000_000_000


def codes(number: int = 1, **terms: Any) -> list[str]:
    """Make a batch on these terms, by default of one code for five dollars, and return its codes."""
    batch = VoucherBatch(
        **{"note": "a fair", "amount": 5 * DOLLAR, "codes": number, "created_by": "op", **terms}
    )
    return batches.make(batch)
