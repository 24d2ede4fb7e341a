"""What it costs to count calls: microseconds of CPU a note, and milliseconds of CPU to make the rows of a writing.

PYTHONPATH=.:platform python bench/health.py
"""

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from psycopg_pool import AsyncConnectionPool  # noqa: E402

from billing import health  # noqa: E402
from billing.health import Pulse  # noqa: E402

NOTES = 10_000
PLACES = (1, 30, 300)


def main() -> None:
    """Measure and print."""
    # Never opened: nothing here reaches a database.
    pool = AsyncConnectionPool("", open=False)
    for places in PLACES:
        pulse = Pulse(pool)
        began = time.process_time()
        for number in range(NOTES):
            pulse.answered(
                provider_id=number % places % 30,
                model_id=1 + number % places // 30,
                first_byte_ms=100 + number % 2000,
                output_tokens=200,
                seconds=1 + number % 9,
            )
        noted = time.process_time() - began
        began = time.process_time()
        health._parameters(health._rows(pulse._noted))
        rows = time.process_time() - began
        print(
            f"{places:4} places: {noted / NOTES * 1e6:.2f} µs a note, {rows * 1e3:.2f} ms for the rows of a writing"
        )


if __name__ == "__main__":
    main()
