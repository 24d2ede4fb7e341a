"""Who comes to the site at once: callers of both dialects, one beyond its limit, and a person who opens pages."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from tests.chaos import load
from tests.chaos.asked import Asked, credits_usd, drawn
from tests.chaos.load import Heard

if TYPE_CHECKING:
    from tests.fakes.cast import Customer

    from .site import Site

__all__ = ["A_SECOND", "MODEL", "Crowd", "Looked", "come", "gathered", "hang_up"]

MODEL = "route/deepseek-v3.2"
A_SECOND = 10
"""Chat completions; of the rest there is one, or less."""
CAP_A_MINUTE = 30
PAGE_SECONDS = 2.0
PATIENCE_SECONDS = 60.0
PAGES = (
    "/dashboard/",
    "/dashboard/activity",
    "/dashboard/logs",
    "/dashboard/keys",
    "/catalog/models",
    "/status",
)


@dataclass(frozen=True)
class Crowd:
    """The customers: those of the load, one that asks by messages, one with a cap of a minute; and a signed-in session."""

    many: "list[Customer]"
    writer: "Customer"
    capped: "Customer"
    session: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One page that was opened; status 0 is no answer."""

    path: str
    at: float
    status: int
    seconds: float


def gathered(requests: int) -> Crowd:
    """Save them; a person of the first customer's workspace is signed in."""
    from django.conf import settings
    from django.test import Client

    from tests.accounts.rows import person
    from tests.fakes.cast import customer

    many = [customer(credit_usd=usd) for usd in credits_usd(requests)]
    browser = Client()
    browser.force_login(person(many[0].workspace))
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    hang_up()
    return Crowd(many, customer(), customer(minute_cap=CAP_A_MINUTE), session)


def hang_up() -> None:
    """Leave no connection of ours open: the site's are cut meanwhile, and ours would be among them."""
    from django.db import connections

    for each in connections.all():
        each.close()
        each.close_pool()  # type: ignore[attr-defined]


async def come(site: "Site", crowd: Crowd, *, seed: int, seconds: float, log: Path) -> list[Looked]:
    """Send everything when it is due; what was heard goes to the log, what was looked at is returned."""
    requests = round(A_SECOND * seconds)
    asked = drawn(seed=seed, requests=requests, seconds=seconds)
    keys = [each.secret for each in crowd.many]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.play(asked, base_url=site.base_url, keys=keys, log=log))
        beyond = _steady(f"c{seed}", seconds, stream=False)
        tasks.create_task(load.play(beyond, base_url=site.base_url, keys=[crowd.capped.secret], log=log))
        told = _steady(f"w{seed}", seconds, stream=True)
        tasks.create_task(_write(told, site.base_url, crowd.writer.secret, log))
        looking = tasks.create_task(_look(site.proxy.address, crowd.session, seconds))
    return looking.result()


def _steady(name: str, seconds: float, *, stream: bool) -> list[Asked]:
    """Ask once a second; of what may be streams every other one is."""
    return [
        Asked(
            marker=f"{name}x{number}",
            due=float(number),
            workspace=0,
            model=MODEL,
            stream=stream and number % 2 == 0,
            prompt=f"{name}x{number} toll road bridge",
            max_tokens=40,
            hang_up_after=None,
        )
        for number in range(round(seconds))
    ]


async def _write(asked: Sequence[Asked], base_url: str, key: str, log: Path) -> None:
    """Send messages as Anthropic's clients do."""
    began, timeout = time.monotonic(), aiohttp.ClientTimeout(PATIENCE_SECONDS)
    headers = {"X-Api-Key": key, "Anthropic-Version": "2023-06-01"}
    with log.open("ab", buffering=0) as lines:

        async def send(one: Asked) -> None:
            heard = Heard(one)
            try:
                await _message(session, heard, f"{base_url}/messages")
            finally:
                lines.write(heard.line())

        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            asyncio.TaskGroup() as tasks,
        ):
            for one in asked:
                await asyncio.sleep(max(0.0, began + one.due - time.monotonic()))
                tasks.create_task(send(one))


async def _message(session: aiohttp.ClientSession, heard: Heard, address: str) -> None:
    one = heard.asked
    body = {
        "model": one.model,
        "max_tokens": one.max_tokens,
        "stream": one.stream,
        "messages": [{"role": "user", "content": one.prompt}],
    }
    try:
        async with session.post(address, json=body) as response:
            heard.status, heard.ended = response.status, "broken"
            heard.request_id = response.headers.get("X-Request-Id", "")
            raw = await response.read()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return  # `ended` says how far it came
    heard.size = len(raw)
    if heard.status != 200:
        heard.ended = "refused"
        return
    told = _events(raw) if one.stream else [orjson.loads(raw)]
    heard.usage = _usage(told)
    heard.ended = "complete" if not one.stream or told[-1]["type"] == "message_stop" else "failed"


def _events(raw: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line[6:]) for line in raw.splitlines() if line.startswith(b"data: {")]


def _usage(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the tokens that the last word on them counts, under the names of the other dialect."""
    counted: dict[str, Any] = {}
    for each in told:
        counted |= each.get("message", {}).get("usage") or {}
        counted |= each.get("usage") or {}
    prompt = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return {
        "prompt_tokens": sum(counted.get(name) or 0 for name in prompt),
        "completion_tokens": counted.get("output_tokens", 0),
    }


async def _look(address: str, cookie: str, seconds: float) -> list[Looked]:
    """Open one page after the other, with the session of a person."""
    from django.conf import settings

    looked: list[Looked] = []
    began, timeout = time.monotonic(), aiohttp.ClientTimeout(PATIENCE_SECONDS)
    cookies = {settings.SESSION_COOKIE_NAME: cookie}
    async with aiohttp.ClientSession(timeout=timeout, cookies=cookies) as session:
        for number in range(round(seconds / PAGE_SECONDS)):
            await asyncio.sleep(max(0.0, began + number * PAGE_SECONDS - time.monotonic()))
            looked.append(await _page(session, address, PAGES[number % len(PAGES)]))
    return looked


async def _page(session: aiohttp.ClientSession, address: str, path: str) -> Looked:
    at, began, status = time.time(), time.monotonic(), 0
    try:
        async with session.get(address + path, allow_redirects=False) as answer:
            await answer.read()
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass  # told as no answer
    return Looked(path, at, status, time.monotonic() - began)
