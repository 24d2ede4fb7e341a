"""How a process gets the catalogue and keeps it current: one load per revision, one cheap look a second."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psycopg
import structlog
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from kernel.ending import end

from . import credentials
from .pricing import Factor, RateCard
from .snapshot import Catalogue, DatedFactor, Hop, Key, Offer, Terms
from .timetable import Timetable, Version, Window

__all__ = ["REVISION", "STATEMENTS", "VERSIONS", "Watch", "assemble", "load", "timetables"]

Row = dict[str, Any]
Prices = Mapping[int, Mapping[int | None, Timetable]]
log = structlog.get_logger()

_MODELS = """
SELECT m.*, c.id AS chain_id FROM catalog_model m JOIN catalog_chain c ON c.model_id = m.id AND c.status = 'live'
WHERE m.active ORDER BY m.public_id"""
_HOPS = """
SELECT h.chain_id, h.upstream_model, h.plan_ranks_from, h.weight, h.tool_ids_local, e.*, p.slug, p.dialect,
       p.reasoning, p.developer_role, p.private, p.headers, p.drain_seconds, p.active AS provider_active,
       coalesce(h.first_byte_seconds, e.first_byte_seconds) AS first_byte,
       coalesce(h.idle_seconds, e.idle_seconds) AS idle, coalesce(h.total_seconds, e.total_seconds) AS total
FROM catalog_hop h JOIN catalog_chain c ON c.id = h.chain_id AND c.status = 'live'
JOIN catalog_endpoint e ON e.id = h.endpoint_id JOIN catalog_provider p ON p.id = e.provider_id
ORDER BY h.chain_id, h.position"""
_KEYS = """
SELECT id, endpoint_id, sealed, set_aside_at IS NOT NULL AS set_aside FROM catalog_endpointkey
WHERE active ORDER BY endpoint_id, id"""
VERSIONS = """
SELECT v.id, v.model_id, v.provider_id, v.kind, v.label, v.valid_from, v.valid_until, v.daily_from, v.daily_until,
       v.weekdays, r.token_class, r.min_prompt_tokens, r.micro_usd_per_million
FROM catalog_priceversion v JOIN catalog_rate r ON r.price_version_id = v.id"""
"""Every rate with the version it is of; `timetables` makes the price book of such rows."""
_PLANS = """
SELECT v.*, p.slug, p.name, p.rank, p.public
FROM catalog_planversion v JOIN catalog_plan p ON p.id = v.plan_id"""
_MULTIPLIERS = "SELECT * FROM catalog_multiplier ORDER BY valid_from DESC"
_FACTS = (
    "public_id",
    "name",
    "author",
    "description",
    "capability",
    "tier",
    "context_length",
    "max_output_tokens",
    "tokenizer",
    "instruct_type",
    "truncates",
    "chain_id",
)
_LISTS = ("aliases", "input_modalities", "output_modalities", "supported_parameters")
REVISION = "SELECT number FROM catalog_catalogrevision"
STATEMENTS: Mapping[str, str] = {
    "models": _MODELS,
    "hops": _HOPS,
    "keys": _KEYS,
    "rates": VERSIONS,
    "plans": _PLANS,
    "multipliers": _MULTIPLIERS,
    "revision": REVISION,
}
"""What is read of the database for a whole catalogue, in one snapshot or with the revision before and after."""


class Watch:
    """Keeps the newest catalogue of this process."""

    def __init__(self, pool: AsyncConnectionPool[Any], *, every: float = 1.0) -> None:
        self._pool = pool
        self._every = every
        self._catalogue: Catalogue | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed: list[Callable[[], None]] = []

    @property
    def current(self) -> Catalogue:
        """The newest catalogue. Raises RuntimeError before `start`."""
        if self._catalogue is None:
            raise RuntimeError("the catalogue is not loaded yet")
        return self._catalogue

    async def start(self) -> None:
        """Load the catalogue and begin to watch it."""
        await self._refresh()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End the watch."""
        await end(self._task)

    def on_change(self, call: Callable[[], None]) -> None:
        """Have something called after each new catalogue."""
        self._changed.append(call)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await self._refresh()
            except (psycopg.Error, TimeoutError) as error:
                # The last good catalogue stays in force: prices cannot change while the database is away.
                log.warning("catalogue not refreshed", error=type(error).__name__)

    async def _refresh(self) -> None:
        async with self._pool.connection(timeout=5) as connection:
            row = await (await connection.execute(REVISION)).fetchone()
            if self._catalogue is not None and row is not None and row[0] == self._catalogue.revision:
                return
            self._catalogue = await load(connection)
        for call in self._changed:
            call()


async def load(connection: psycopg.AsyncConnection[Any]) -> Catalogue:
    """Read the whole catalogue in one snapshot of the database."""
    await connection.rollback()
    await connection.set_autocommit(False)
    try:
        async with connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            rows = {name: await _rows(connection, sql) for name, sql in STATEMENTS.items()}
    finally:
        await connection.set_autocommit(True)
    return assemble(rows)


async def _rows(connection: psycopg.AsyncConnection[Any], sql: str) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql.encode())
        return await cursor.fetchall()


def assemble(rows: Mapping[str, list[Row]]) -> Catalogue:
    """Return the catalogue that rows make, by the names of STATEMENTS."""
    hops, prices = _hops(rows["hops"], _keys(rows["keys"])), timetables(rows["rates"])
    offers = tuple(_offer(row, hops, prices.get(row["id"], {})) for row in rows["models"])
    names = {alias: offer for offer in offers for alias in offer.aliases}
    names.update({offer.public_id: offer for offer in offers})
    multipliers: dict[tuple[str, str], list[DatedFactor]] = defaultdict(list)
    for row in rows["multipliers"]:
        factor = Factor(id=row["id"], ppm=row["factor_ppm"], scope=row["scope"], target=row["target"])
        multipliers[row["scope"], row["target"]].append(
            DatedFactor(factor, row["valid_from"], row["valid_until"])
        )
    return Catalogue(
        revision=rows["revision"][0]["number"],
        offers=offers,
        names=names,
        plans={row["id"]: _terms(row) for row in rows["plans"]},
        multipliers={key: tuple(factors) for key, factors in multipliers.items()},
    )


def _keys(rows: list[Row]) -> Mapping[int, list[Key]]:
    """Return the keys that may be sent, by endpoint; one whose keys are all set aside has none, and is there."""
    keys: dict[int, list[Key]] = defaultdict(list)
    for row in rows:
        found = keys[row["endpoint_id"]]
        try:
            if not row["set_aside"]:
                found.append(Key(row["id"], credentials.decrypt(bytes(row["sealed"]))))
        except credentials.Unreadable as error:
            # It stands as one that is set aside: the other keys and the other endpoints work on.
            log.error("key of an endpoint cannot be opened", key_id=row["id"], reason=str(error))
    return keys


def _hops(rows: list[Row], keys: Mapping[int, list[Key]]) -> Mapping[int, tuple[Hop, ...]]:
    chains: dict[int, list[Hop]] = defaultdict(list)
    for row in rows:
        if row["active"] and row["provider_active"]:
            chains[row["chain_id"]].append(_hop(row, keys.get(row["id"])))
    return {chain: tuple(hops) for chain, hops in chains.items()}


def _hop(row: Row, keys: list[Key] | None) -> Hop:
    needs_key = row["needs_credential"] or keys is not None
    return Hop(
        provider_id=row["provider_id"],
        provider=row["slug"],
        dialect=row["dialect"],
        endpoint_id=row["id"],
        base_url=row["base_url"].rstrip("/"),
        keys=tuple(keys or ()),
        needs_key=needs_key,
        configured=bool(row["base_url"]) and (keys is not None or not needs_key),
        upstream_model=row["upstream_model"],
        reasoning=row["reasoning"],
        developer_role=row["developer_role"],
        private=row["private"],
        headers=row["headers"],
        drain_seconds=row["drain_seconds"],
        min_plan_rank=row["plan_ranks_from"],
        weight=row["weight"],
        tool_ids_local=row["tool_ids_local"],
        connect_seconds=row["connect_seconds"],
        first_byte_seconds=row["first_byte"],
        idle_seconds=row["idle"],
        total_seconds=row["total"],
    )


def timetables(rows: Iterable[Mapping[str, Any]]) -> Prices:
    """Return the prices of each model by who is paid, None for us, from rows as `VERSIONS` has them."""
    found: dict[int, Mapping[str, Any]] = {}
    rates: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["id"]] = row
        rates[row["id"]][row["token_class"]].append((row["min_prompt_tokens"], row["micro_usd_per_million"]))
    versions: dict[int, dict[int | None, list[Version]]] = defaultdict(lambda: defaultdict(list))
    for number, row in found.items():
        card = RateCard(number, {name: tuple(sorted(steps)) for name, steps in rates[number].items()})
        versions[row["model_id"]][row["provider_id"]].append(_version(row, card))
    return {
        model: {payee: Timetable(tuple(known)) for payee, known in payees.items()}
        for model, payees in versions.items()
    }


def _version(row: Mapping[str, Any], card: RateCard) -> Version:
    windowed = row["weekdays"] is not None
    return Version(
        card=card,
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        kind=row["kind"],
        window=Window(row["daily_from"], row["daily_until"], row["weekdays"]) if windowed else None,
        label=row["label"],
    )


def _offer(row: Row, hops: Mapping[int, tuple[Hop, ...]], prices: Mapping[int | None, Timetable]) -> Offer:
    facts: Row = {name: row[name] for name in _FACTS} | {name: tuple(row[name]) for name in _LISTS}
    return Offer(
        **facts,
        model_id=row["id"],
        created=int(row["created_at"].timestamp()),
        hops=hops.get(row["chain_id"], ()),
        prices=prices.get(None, Timetable()),
        costs={payee: known for payee, known in prices.items() if payee is not None},
    )


def _terms(row: Row) -> Terms:
    same = (
        *("slug", "name", "rank", "public", "version", "published_at"),
        *("minute_cap", "hour_cap", "day_cap", "stream_cap", "default_max_tokens"),
        *("empty_answers_are_free", "retention_days"),
    )
    return Terms(
        **{name: row[name] for name in same},
        plan_version_id=row["id"],
        tiers=frozenset(row["tiers"]),
        also_models=tuple(row["also_models"]),
        except_models=tuple(row["except_models"]),
        auto_models=tuple(row["auto_models"]),
        weights=tuple((pattern, int(weight)) for pattern, weight in row["request_weights"]),
    )
