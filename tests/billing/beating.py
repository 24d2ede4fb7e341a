"""Notes calls as gateway processes do, and rows of health as they are kept."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.db import connection
from psycopg_pool import AsyncConnectionPool

from billing.beats import COUNTS
from billing.health import Pulse
from billing.vitals import PROVIDER, Health, Vitals
from kernel import clock, postgres

Pool = AsyncConnectionPool[Any]
_numbers = itertools.count(10**12)


def nobodys() -> int:
    """Return the id of a provider that nobody else calls."""
    return next(_numbers)


def with_pool(work: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        conninfo = postgres.conninfo()
        async with AsyncConnectionPool(conninfo, min_size=1, open=False, kwargs={"autocommit": True}) as pool:
            await work(pool)

    async_to_sync(run)()


def told(*notes: Callable[[Pulse], None]) -> Health:
    """Note calls, each in a process of its own, write them, and return what one more process then reads."""
    read: list[Health] = []

    async def work(pool: Pool) -> None:
        for note in notes:
            pulse = Pulse(pool)
            note(pulse)
            await pulse.write()
        copy = Vitals(pool)
        await copy.refresh()
        read.append(copy.current)

    with_pool(work)
    return read[0]


def answered(pulse: Pulse, provider: int, model: int = 1, **told: Any) -> None:
    pulse.answered(
        provider_id=provider,
        model_id=model,
        **{"first_byte_ms": 200, "output_tokens": 100, "seconds": 2.0, **told},
    )


def failing(provider: int, *outcomes: str, model: int = 1) -> Callable[[Pulse], None]:
    def note(pulse: Pulse) -> None:
        for outcome in outcomes:
            pulse.failed(provider_id=provider, model_id=model, outcome=outcome)

    return note


def kept(provider: int) -> list[tuple[int, int, int, int]]:
    """Return span, beginning, model and calls of each row of a provider, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT span, begins, model_id, calls FROM billing_health WHERE provider_id = %s ORDER BY 1, 2, 3",
            [provider],
        )
        return [(span, begins, model, calls) for span, begins, model, calls in cursor.fetchall()]


def put(provider: int, *, span: int = 1, ago: int = 0, model: int = PROVIDER, **counts: Any) -> None:
    """Save a row that began so many minutes ago; of an hour, the hour that holds that minute."""
    begins = clock.minute_number() - ago
    row = {
        **dict.fromkeys(COUNTS, 0),
        **{"first_byte": [], "speed": [], **counts},
        **{"span": span, "begins": begins - begins % span, "provider_id": provider, "model_id": model},
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO billing_health ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )
