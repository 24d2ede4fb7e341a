"""A provider asked for its models, with a key of ours: few pages, bounded in time and size, only where calls may go."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
from yarl import URL

from catalog import credentials
from catalog.models import Endpoint, Provider
from catalog.proposals import answers
from catalog.proposals.comparisons import NotKnown
from catalog.proposals.listing import Entry, Listing
from catalog.snapshot import Hop, Key
from kernel import addresses, guarded

from .adapters import Unsupported
from .adapters.registry import adapter_for

__all__ = ["MAX_BYTES", "MAX_PAGES", "TOTAL_SECONDS", "listed_upstream"]

TOTAL_SECONDS = 30.0
"""For all pages of one list together."""
CONNECT_SECONDS = 5.0
MAX_BYTES = 16 * 2**20
"""Of all pages together; OpenRouter's list has about 1 MiB."""
MAX_PAGES = 10
_READ_BYTES = 2**16
# How a call proves whose it is, only its dialect knows: it writes the smallest chat, of which the headers are used.
_CHAT = "/chat/completions"
_SMALLEST: dict[str, Any] = {"messages": [{"role": "user", "content": "."}], "max_tokens": 1}
# By dialect: what asks for long pages, and what for the page after a mark. OpenAI's list has one page.
_LONG = {"anthropic": {"limit": "1000"}, "gemini": {"pageSize": "1000"}}
_NEXT = {"anthropic": "after_id", "gemini": "pageToken"}


def listed_upstream(provider: Provider) -> Listing:
    """Return what a provider lists by itself. Raises NotKnown, which never tells a key or an address."""
    hop = _hop(provider)
    if hop is None:
        raise NotKnown(f"{provider.slug} has no endpoint with an address and a key that can be asked.")
    return asyncio.run(_listed(hop))


async def _listed(hop: Hop) -> Listing:
    secret = hop.keys[0].secret if hop.keys else None
    entries: dict[str, Entry] = {}
    left_out, size, after = 0, 0, ""
    with _told(hop):
        async with asyncio.timeout(TOTAL_SECONDS), _session(private=hop.private) as session:
            addresses.check_url(hop.base_url, private=hop.private)
            call = await adapter_for(hop.dialect).call(
                hop, _CHAT, {"model": hop.upstream_model, **_SMALLEST}, secret=secret, stream=False
            )
            for _ in range(MAX_PAGES):
                body = await _page(session, hop, {**hop.headers, **call.headers}, after, MAX_BYTES - size)
                size += len(body)
                page = answers.read(body)
                entries |= page.entries
                left_out += page.left_out
                after = page.after if hop.dialect in _NEXT else ""
                if len(entries) > answers.MOST_MODELS:
                    raise answers.NoList(f"the list has more than {answers.MOST_MODELS:,} models")
                if not after:
                    break
            else:
                raise answers.NoList(f"the list has more than {MAX_PAGES} pages")
    if not entries:
        raise NotKnown(f"{hop.provider}: the list names no model.")
    evidence = {"source": f"{hop.provider}'s own list", "page": f"{hop.base_url}/models"}
    notes = (
        (f"{left_out} entries of the list were left out: no id that a hop could hold",) if left_out else ()
    )
    return Listing({key: replace(entry, evidence=evidence) for key, entry in entries.items()}, {}, notes)


async def _page(
    session: aiohttp.ClientSession, hop: Hop, headers: dict[str, str], after: str, most: int
) -> bytes:
    query = {**_LONG.get(hop.dialect, {}), **({_NEXT[hop.dialect]: after} if after else {})}
    url = URL(hop.base_url + "/models").with_query(query)
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        if answer.status != 200:
            raise answers.NoList(f"the provider answered {answer.status}")
        body = b""
        async for chunk in answer.content.iter_chunked(_READ_BYTES):
            body += chunk
            if len(body) > most:
                raise answers.NoList(f"the list has more than {MAX_BYTES // 2**20} MiB")
        return body


def _hop(provider: Provider) -> Hop | None:
    """Return an endpoint that can be asked, as a hop; its one key is the first that is in use and not set aside."""
    for endpoint in (
        Endpoint.objects.filter(provider=provider, active=True).exclude(base_url="").order_by("pk")
    ):
        keys = _keys(endpoint)
        if keys or not endpoint.needs_credential:
            return _as_hop(provider, endpoint, keys)
    return None


def _keys(endpoint: Endpoint) -> list[Key]:
    """Return the first key that may be sent; one that cannot be opened stands as one that is set aside."""
    for key in endpoint.keys.filter(active=True, set_aside_at=None).order_by("pk"):
        with contextlib.suppress(credentials.Unreadable):
            return [Key(key.pk, credentials.decrypt(bytes(key.sealed)))]
    return []


def _as_hop(provider: Provider, endpoint: Endpoint, keys: list[Key]) -> Hop:
    return Hop(
        provider_id=provider.pk,
        provider=provider.slug,
        dialect=provider.dialect,
        endpoint_id=endpoint.pk,
        base_url=endpoint.base_url.rstrip("/"),
        keys=tuple(keys),
        needs_key=endpoint.needs_credential or bool(keys),
        configured=True,
        upstream_model="any",
        reasoning=provider.reasoning,
        developer_role=provider.developer_role,
        private=provider.private,
        headers=provider.headers,
        drain_seconds=0,
        min_plan_rank=0,
        weight=0,
        tool_ids_local=False,
        connect_seconds=endpoint.connect_seconds,
        first_byte_seconds=endpoint.first_byte_seconds,
        idle_seconds=endpoint.idle_seconds,
        total_seconds=endpoint.total_seconds,
    )


@contextlib.contextmanager
def _told(hop: Hop) -> Iterator[None]:
    """Say in a sentence what went wrong."""
    try:
        yield
    except answers.NoList as error:
        raise NotKnown(f"{hop.provider}: {error}.") from None
    except TimeoutError:
        raise NotKnown(f"{hop.provider}: no whole list came within {TOTAL_SECONDS:.0f} seconds.") from None
    except addresses.RefusedAddress:
        raise NotKnown(f"{hop.provider}: its address must not be called.") from None
    except aiohttp.ClientConnectorError as error:
        why = "its address must not be called" if guarded.refused(error) else "no connection"
        raise NotKnown(f"{hop.provider}: {why}.") from None
    except (aiohttp.ClientError, OSError, ValueError, Unsupported) as error:
        raise NotKnown(f"{hop.provider}: the call failed ({type(error).__name__}).") from None


def _session(*, private: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=guarded.connector(private=private, connections=1),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": "tollway", "Accept": "application/json", "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
    )
