"""How far open requests are, and by what they are priced: written once a second, and what a reaper charges by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from .taking import literal

__all__ = ["Progress", "write"]

_CHECKPOINT = b"""
UPDATE billing_admission r SET provider_id = p.provider, first_byte_at = p.first_byte,
  progress_input = p.tokens_in, progress_output = p.tokens_out, multipliers = p.multipliers,
  model_id = p.model, chain_id = p.chain, price_version_id = p.price
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[],
  %s::bigint[], %s::bigint[], %s::bigint[])
  p (req, ws, provider, first_byte, tokens_in, tokens_out, multipliers, model, chain, price)
WHERE r.request_id = p.req AND r.workspace_id = p.ws"""


@dataclass(slots=True)
class Progress:
    """How far an open request is, and by what it is priced: what the reaper charges if this process dies."""

    workspace_id: int
    model_id: int
    chain_id: int
    price_version_id: int
    provider_id: int = 0
    first_byte_at: datetime | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    multipliers: str = ""


async def write(connection: AsyncConnection[Any], moved: Sequence[tuple[UUID, Progress]]) -> None:
    """Write how far requests are; those whose lease is gone are passed over."""
    await connection.execute(_CHECKPOINT, _parameters(moved))


def _parameters(moved: Sequence[tuple[UUID, Progress]]) -> list[Any]:
    return [
        literal([request for request, _ in moved]),
        literal([progress.workspace_id for _, progress in moved]),
        literal([progress.provider_id for _, progress in moved]),
        [progress.first_byte_at for _, progress in moved],
        literal([progress.input_tokens for _, progress in moved]),
        literal([progress.output_tokens for _, progress in moved]),
        [progress.multipliers for _, progress in moved],
        literal([progress.model_id for _, progress in moved]),
        literal([progress.chain_id for _, progress in moved]),
        literal([progress.price_version_id for _, progress in moved]),
    ]
