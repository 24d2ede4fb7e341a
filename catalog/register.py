"""What is told of providers and of models that leave, beside what a request needs; read once per revision."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from kernel import postgres

__all__ = ["READ", "Ending", "House", "Register", "Registrar", "assemble"]

# One statement, and so one moment of the database.
READ = b"""
SELECT (SELECT number FROM catalog_catalogrevision),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(slug, name, status_page_url)), '[]') FROM catalog_provider),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(public_id, name, expires_on) ORDER BY expires_on, public_id), '[]')
        FROM catalog_model m WHERE expires_on IS NOT NULL
          AND EXISTS (SELECT FROM catalog_priceversion v WHERE v.model_id = m.id AND v.provider_id IS NULL))"""


@dataclass(frozen=True, slots=True)
class House:
    """A provider as customers know it."""

    slug: str
    name: str
    status_page_url: str


@dataclass(frozen=True, slots=True)
class Ending:
    """A model that was sold and has a last day, whether it is still sold or not."""

    public_id: str
    name: str
    on: date


@dataclass(frozen=True, slots=True)
class Register:
    """The houses by slug and the endings by model, in the order of their days, at one revision of the catalogue."""

    revision: int
    houses: Mapping[str, House]
    endings: Mapping[str, Ending]


class Registrar:
    """Keeps the register of this process; whoever asks first after a change waits for the reading of it."""

    def __init__(self) -> None:
        self._register: Register | None = None
        self._reading = asyncio.Lock()

    async def at(self, revision: int) -> Register:
        """Return the register at this revision or a later one. Raises psycopg.Error if the database is away."""
        if self._register is None or self._register.revision < revision:
            async with self._reading:
                if self._register is None or self._register.revision < revision:
                    self._register = await _read()
        return self._register


async def _read() -> Register:
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
        row = await (await connection.execute(READ)).fetchone()
    if row is None:
        raise psycopg.DataError("the register is one row")
    return assemble(row)


def assemble(row: tuple[Any, ...]) -> Register:
    """Return the register that the row of READ makes."""
    revision, houses, endings = row
    return Register(
        revision=revision,
        houses={slug: House(slug, name, page) for slug, name, page in houses},
        endings={
            public_id: Ending(public_id, name, date.fromisoformat(on)) for public_id, name, on in endings
        },
    )
