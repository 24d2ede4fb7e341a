"""How providers are that nobody calls: each is asked for its list of models, at no cost, at most once a minute."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import aiohttp
import psycopg

from billing import health
from billing.health import Checked
from catalog import loading
from catalog.snapshot import Catalogue, Hop
from kernel import addresses, guarded, postgres

from . import routing
from .adapters import Unsupported
from .adapters.registry import adapter_for

__all__ = ["AT_ONCE", "CHECK_SECONDS", "TOTAL_SECONDS", "check_quiet"]

CHECK_SECONDS = 10.0
AT_ONCE = 32
TOTAL_SECONDS = 45.0
"""What was not asked by then is not told of: it is asked in another minute."""
_EVERY_RANK = 2**15
_KEY_REFUSED = frozenset((401, 402, 403))
# How a call proves whose it is, only its dialect knows: it writes the smallest chat, of which the headers are used.
_CHAT = "/chat/completions"
_SMALLEST: dict[str, Any] = {"messages": [{"role": "user", "content": "."}], "max_tokens": 1}


def check_quiet(minute: int) -> int:
    """Ask the providers that nobody called for five minutes, and write what came of it; return how many calls that took.

    `minute` is the present one since 1970. Providers that another worker checks in this minute are left to it.
    Raises psycopg.Error if the database is away.
    """
    hops = asyncio.run(_in_use())
    claimed = health.claim_quiet((hop.provider_id for hop in hops), minute)
    checked = asyncio.run(_asked([hop for hop in hops if hop.provider_id in claimed], minute))
    health.note_checks(checked, minute)
    return len(checked)


async def _in_use() -> list[Hop]:
    """Return one hop of each endpoint that some request might be sent to."""
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
        catalogue: Catalogue = await loading.load(connection)
    hops = (hop for offer in catalogue.offers for hop in routing.candidates(offer.hops, rank=_EVERY_RANK))
    return list({hop.endpoint_id: hop for hop in hops}.values())


async def _asked(hops: Sequence[Hop], minute: int) -> list[Checked]:
    if not hops:
        return []
    gate = asyncio.Semaphore(AT_ONCE)
    async with _session(private=False) as public, _session(private=True) as private:

        async def ask(hop: Hop) -> Checked:
            async with gate:
                outcome = await _outcome(hop, private if hop.private else public, turn=minute)
            return Checked(hop.provider_id, outcome)

        asked = [asyncio.create_task(ask(hop)) for hop in hops]
        done, late = await asyncio.wait(asked, timeout=TOTAL_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return [task.result() for task in done]


async def _outcome(
    hop: Hop, session: aiohttp.ClientSession, *, turn: int
) -> Literal["ok", "refused_key", "failed"]:
    """Return how a provider answers. Any word of it will do: it is up, also where it has no such list."""
    if hop.needs_key and not hop.keys:
        return "refused_key"  # all of them were, so often that they are set aside
    secret = hop.keys[turn % len(hop.keys)].secret if hop.keys else None
    try:
        addresses.check_url(hop.base_url, private=hop.private)
        body = {"model": hop.upstream_model, **_SMALLEST}
        call = await adapter_for(hop.dialect).call(hop, _CHAT, body, secret=secret, stream=False)
        async with (
            asyncio.timeout(CHECK_SECONDS),
            session.get(
                hop.base_url + "/models", headers={**hop.headers, **call.headers}, allow_redirects=False
            ) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, Unsupported):
        return "failed"
    if status in _KEY_REFUSED:
        return "refused_key"
    return "ok" if status < 300 or 400 <= status < 500 else "failed"


def _session(*, private: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=guarded.connector(private=private, connections=AT_ONCE),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": "tollway", "Accept": "application/json"},
        timeout=aiohttp.ClientTimeout(total=None),
    )
