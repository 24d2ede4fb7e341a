"""How an answer leaves: paced, framed, parted or broken off as its behaviour says."""

import asyncio
from collections.abc import Callable, Iterator

from aiohttp import web

from inference.sandbox.behaviour import Behaviour, Instead
from inference.sandbox.call import Call
from inference.sandbox.endings import HOLD_S, break_off
from inference.sandbox.outlet import Outlet, opened
from inference.sandbox.reply import Event, Reply
from inference.sandbox.script import error_body

__all__ = ["answer", "refuse"]

HANG_UP_PAUSE_S = 0.05
JSON = {"Content-Type": "application/json"}
EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


async def answer(call: Call, reply: Reply) -> web.StreamResponse:
    """Send a reply as the call's behaviour says. Raises ConnectionError when the caller leaves."""
    behaviour = call.behaviour
    call.prompt_tokens = reply.prompt_tokens
    if behaviour.wait:
        await asyncio.sleep(behaviour.wait / 1_000)
    if behaviour.silent:
        return await _silence(call)
    if reply.events is not None:
        response = await _stream(call, reply, reply.events)
    else:
        response = await _whole(call, reply)
    if behaviour.hangs_up and (transport := call.request.transport):
        asyncio.get_running_loop().call_later(HANG_UP_PAUSE_S, transport.close)
    return response


async def refuse(call: Call, instead: Instead) -> web.Response:
    """Send a fixed answer in place of the real one."""
    body = instead.body() if callable(instead.body) else instead.body
    headers = dict(instead.headers) | dict(call.behaviour.headers)
    if call.behaviour.leaks:
        shown = call.request.headers.get("Authorization", "no credential")
        body = error_body(500, f"POST {call.request.url} with {shown} failed.")
    if call.behaviour.retry_after_s is not None:
        headers["Retry-After"] = str(call.behaviour.retry_after_s)
    call.status, call.bytes = instead.status, len(body)
    await call.ended("done")
    return web.Response(status=instead.status, body=body, content_type=instead.content_type, headers=headers)


async def _silence(call: Call) -> web.StreamResponse:
    if call.behaviour.silent == "after-headers":
        await opened(call, EVENT_STREAM if call.stream else JSON)
    await asyncio.sleep(HOLD_S)
    raise ConnectionResetError("nobody waits this long")


async def _stream(call: Call, reply: Reply, events: Callable[[], Iterator[Event]]) -> web.StreamResponse:
    out = await opened(call, EVENT_STREAM)
    sent = 1
    if call.behaviour.bursts:
        for data, tokens in reply.bursts(out.frame):
            await out.send(data, tokens)
    else:
        broke_at, sent = await _paced(out, events())
        if broke_at is not None:
            await break_off(out, b"%x\r\n" % len(broke_at) + broke_at[: len(broke_at) // 2])
            return out.response
    await call.ended("done")
    for number in range(call.behaviour.markers):
        await out.send(out.frame(b"[DONE]", sent + number))
    if call.behaviour.trails:
        await out.send(out.frame(b'{"choices":[{"index":0,"delta":{"content":" late"}}]}', sent + 1))
    await out.close()
    return out.response


async def _paced(out: Outlet, events: Iterator[Event]) -> tuple[bytes | None, int]:
    """Send events one by one until they end or the behaviour breaks off.

    The frame that was due at the break, if there is one, and how many were sent.
    """
    behaviour = out.call.behaviour
    broken_left, number = behaviour.broken_events, 0
    for event in events:
        frame = out.frame(event.data, number)
        over = behaviour.break_after is not None and out.call.tokens >= behaviour.break_after
        if over or (behaviour.ending and event.closing):
            return frame, number
        if event.tokens and behaviour.delay:
            await asyncio.sleep(behaviour.delay / 1_000)
        await out.send(frame, event.tokens)
        number += 1
        if event.tokens and broken_left:
            await out.send(out.frame(behaviour.broken_event, number))
            broken_left, number = broken_left - 1, number + 1
    return None, number


async def _whole(call: Call, reply: Reply) -> web.StreamResponse:
    behaviour = call.behaviour
    if behaviour.endless:
        return await _blanks(call)
    if behaviour.delay:
        await asyncio.sleep(min(HOLD_S, reply.tokens * behaviour.delay / 1_000))
    tokens, body = _body(behaviour, reply)
    if behaviour.ending and behaviour.ending != "error":
        # A chunked body can end early and look whole; a measured one cannot.
        out = await opened(call, JSON, None if behaviour.ending in ("clean", "endless-line") else len(body))
        await out.send(body[: len(body) // 2])
        await break_off(out, b"")
        return out.response
    if not call.witnessed and not (behaviour.gzip or behaviour.shred or behaviour.byte_delay):
        return web.Response(body=body, headers=JSON | dict(behaviour.headers))
    out = await opened(call, JSON, len(body))
    # The last byte stays back until the line is on disk: who has the whole answer finds it written.
    await out.send(body[:-1], tokens)
    await call.ended("done")
    await out.send(body[-1:])
    await out.close()
    return out.response


def _body(behaviour: Behaviour, reply: Reply) -> tuple[int, bytes]:
    """The tokens that a plain body delivers, and the body."""
    if behaviour.ending == "error":
        return 0, error_body(500)
    if behaviour.broken_events:
        return 0, behaviour.broken_event
    return reply.tokens, reply.body()


async def _blanks(call: Call) -> web.StreamResponse:
    """White space before a JSON body that never comes."""
    out = await opened(call, JSON)
    for _ in range(HOLD_S * 1_000 // max(1, call.behaviour.delay)):
        await out.send(b" ")
        await asyncio.sleep(call.behaviour.delay / 1_000)
    raise ConnectionResetError("nobody waits this long")
