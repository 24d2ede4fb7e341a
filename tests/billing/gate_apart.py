"""A process with a gate of its own, which admits and settles what it is told; Django is set up here before all else."""

import asyncio
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from billing.admission import Ask
    from billing.gate import Gate
    from billing.settlement import Settlement


def serve(pipe: Connection, database: str) -> None:
    """Say `ready`, then answer each order with what came of its items, in their order, until None comes."""
    import django
    from django.conf import settings

    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    try:
        asyncio.run(_answering(pipe))
    finally:
        pipe.close()


async def _answering(pipe: Connection) -> None:
    from billing.gate import Gate

    gate = Gate()
    await gate.start()
    try:
        pipe.send("ready")
        while (order := await asyncio.to_thread(pipe.recv)) is not None:
            what, share = order
            if what == "admit":
                pipe.send(await asyncio.gather(*(_admit(gate, item) for item in share)))
            else:
                pipe.send(await asyncio.gather(*(_settle(gate, item) for item in share)))
    finally:
        await gate.stop()


async def _admit(gate: "Gate", item: "Ask") -> tuple[UUID, str]:
    """Return the request, and why it was refused, or an empty text."""
    from billing.admission import Refused

    try:
        await gate.admit(item)
    except Refused as refused:
        return item.request_id, refused.code
    return item.request_id, ""


async def _settle(gate: "Gate", item: "Settlement") -> tuple[UUID, str]:
    await gate.settle(item)
    return item.request_id, ""
