"""The sandbox as an HTTP server: its doors, what it accepts, and how it stops."""

import asyncio
import collections
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from inference.sandbox import asking, pictures, script, shapes, vectors, wire
from inference.sandbox.asking import Invalid
from inference.sandbox.behaviour import Behaviour, Instead
from inference.sandbox.call import Call
from inference.sandbox.reply import Reply
from inference.sandbox.witness import Witness

__all__ = ["DOORS", "Sandbox", "prepared"]

BODY_BYTES = 32 * 2**20
KNOWN_BODIES = 64
KNOWN_BODY_BYTES = 16_384
STOP_S = 1.0
CUT_S = 0.5

Door = Callable[[dict[str, Any], Behaviour], Reply]

DOORS: dict[str, Door] = {
    "/v1/chat/completions": shapes.chat,
    "/v1/completions": shapes.completion,
    "/v1/embeddings": vectors.embeddings,
    "/v1/rerank": vectors.rerank,
    "/v1/images/generations": pictures.generations,
}
_FAILURE = Instead(status=500, body=script.error_body(500))


class Sandbox:
    """A running sandbox: start it, read its port, stop it."""

    def __init__(self, log: Path | None = None) -> None:
        """Raises OSError when the log cannot be opened."""
        self._witness = Witness(log)
        self._calls_of: collections.Counter[str] = collections.Counter()
        self._open: set[asyncio.Task[Any]] = set()
        self._stopping = False
        # Cancellation on hang-up is how a call that waits learns that nobody is there any more.
        self._runner = web.AppRunner(
            self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, chosen by the system when 0 was asked for. Raises OSError when it is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=1_024)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening, give open calls one second to end, cut the rest; within two seconds."""
        for site in list(self._runner.sites):
            await site.stop()
        if self._open:
            await asyncio.wait(self._open, timeout=STOP_S)
        self._stopping = True
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=CUT_S)
        await self._witness.close()
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES)
        app.on_response_prepare.append(_sign)
        app.router.add_get("/livez", _livez)
        app.router.add_get("/v1/models", _models)
        for path, door in DOORS.items():
            app.router.add_post(path, self._doorman(door))
        return app

    def _doorman(self, door: Door) -> Callable[[web.Request], Any]:
        async def enter(request: web.Request) -> web.StreamResponse:
            try:
                raw = await request.read()
                prepare = prepared if len(raw) <= KNOWN_BODY_BYTES else prepared.__wrapped__
                model, behaviour, reply = prepare(door, raw)
            except Invalid as error:
                return _refusal(400, error.message, error.param)
            except web.HTTPRequestEntityTooLarge:
                return _refusal(413, f"The body must be at most {BODY_BYTES} bytes.", None)
            stream = reply.events is not None
            call = Call(request, self._witness, model=model, behaviour=behaviour, stream=stream)
            return await self._attend(call, reply)

        return enter

    async def _attend(self, call: Call, reply: Reply) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            call.prompt_tokens, call.asked = reply.prompt_tokens, reply.asked
            instead = _FAILURE if self._fails(call) else call.behaviour.instead
            if instead is not None:
                return await wire.refuse(call, instead)
            return await wire.answer(call, reply)
        except asyncio.CancelledError:
            call.end("cut" if self._stopping else "client_gone")
            raise
        except ConnectionError:
            call.end("client_gone")
            return web.Response(status=499)
        finally:
            self._open.discard(task)

    def _fails(self, call: Call) -> bool:
        """Whether this call of its model is one that fails; counts it."""
        behaviour = call.behaviour
        if not (behaviour.fail_odd or behaviour.fail_first):
            return False
        self._calls_of[call.model] += 1
        number = self._calls_of[call.model]
        return number <= behaviour.fail_first or (behaviour.fail_odd and number % 2 == 1)


@functools.lru_cache(maxsize=KNOWN_BODIES)
def prepared(door: Door, raw: bytes) -> tuple[str, Behaviour, Reply]:
    """The model, its behaviour and the answer to a body. Raises Invalid.

    The last few are kept: load tests send the same request again and again.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid(None, "The body must be JSON.") from error
    model = asking.model_of(body)
    behaviour = script.behaviour(model)
    return model, behaviour, door(body, behaviour)


def _refusal(status: int, message: str, param: str | None) -> web.Response:
    return web.Response(
        status=status,
        body=script.error_body(status, message, param=param),
        content_type="application/json",
    )


async def _sign(request: web.BaseRequest, response: web.StreamResponse) -> None:
    response.headers["X-Tollway-Sandbox"] = "1"


async def _livez(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _models(request: web.Request) -> web.Response:
    data = [
        {
            "id": f"sandbox/{name}",
            "object": "model",
            "created": shapes.CREATED,
            "owned_by": "sandbox",
            "description": row.about,
        }
        for name, row in script.SCRIPT.items()
    ]
    return web.Response(body=orjson.dumps({"object": "list", "data": data}), content_type="application/json")
