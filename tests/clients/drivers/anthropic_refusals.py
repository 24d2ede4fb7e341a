"""The table of errors through the Python package `anthropic`: exception, type, request id, and who tries again."""

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import anthropic

from tests.clients.drivers.anthropic_messages import ASKED, client
from tests.clients.drivers.reporting import PATIENCE_S, Check, Scene, refusals

# Statuses without an exception of their own in every version fall to the general one in the older.
CLASSES: dict[int, set[str]] = {
    400: {"BadRequestError"},
    401: {"AuthenticationError"},
    402: {"PaymentRequiredError", "APIStatusError"},
    403: {"PermissionDeniedError"},
    404: {"NotFoundError"},
    405: {"APIStatusError"},
    408: {"RequestTimeoutError", "APIStatusError"},
    409: {"ConflictError"},
    413: {"ContentTooLargeError", "RequestTooLargeError"},
    429: {"RateLimitError"},
    500: {"InternalServerError"},
    502: {"InternalServerError"},
    503: {"ServiceUnavailableError", "InternalServerError"},
    504: {"GatewayTimeoutError", "InternalServerError"},
}


def refused(scene: Scene, *, row: dict[str, Any]) -> None:
    """Provoke a refusal and look at what is raised; one that is not worth another try must not get one."""
    sent: list[object] = []
    wire = anthropic.DefaultHttpxClient(event_hooks={"request": [sent.append]}, timeout=PATIENCE_S)
    key = scene.keys.get(row["ask"].get("key", ""), scene.key)
    place = dataclasses.replace(scene, base_url=scene.stalling) if row["ask"].get("stalling") else scene
    options: dict[str, Any] = {
        "http_client": wire,
        "max_retries": 0 if row["retry"] else 2,
        "timeout": PATIENCE_S,
    }
    if "post" in row["ask"]:
        options |= {"api_key": None, "auth_token": key}  # a token is a bearer
    with client(place, key, **options) as api, beside(scene, key, row["ask"]):
        error, answered = provoke(api, scene, row["ask"])
    body: Any = error.body
    assert type(error).__name__ in CLASSES[row["status"]], repr(error)
    assert error.status_code == row["status"]
    assert error.response.headers["x-error-code"] == row["code"]
    assert body["error"]["message"]
    assert error.response.headers["x-request-id"]
    if row["anthropic"] is None:  # beside Messages errors are in OpenAI's style
        assert (body["error"]["type"], body["error"]["code"]) == (row["type"], row["openai"])
    else:
        assert (body["type"], body["error"]["type"]) == ("error", row["anthropic"])
        assert error.request_id == body["request_id"] == error.response.headers["x-request-id"]
    assert error.response.headers["x-should-retry"] == ("true" if row["retry"] else "false")
    assert len(sent) - answered == 1, f"{len(sent) - answered} requests for one refusal"


@contextlib.contextmanager
def beside(scene: Scene, key: str, ask: dict[str, Any]) -> Iterator[None]:
    """Keep a stream open meanwhile, where the refusal needs one."""
    if "beside" not in ask:
        yield
        return
    asked: Any = {"max_tokens": 1024, "messages": ASKED, **ask.get("fields", {})}
    with (
        client(scene, key) as api,
        api.messages.create(model=scene.models[ask["beside"]], stream=True, **asked) as stream,
    ):
        next(iter(stream))
        yield


def provoke(
    api: anthropic.Anthropic, scene: Scene, ask: dict[str, Any]
) -> tuple[anthropic.APIStatusError, int]:
    """Ask until it is refused, and return the refusal with how many were answered before."""
    headers = {"Idempotency-Key": str(uuid.uuid4())} if ask.get("idempotent") else {}
    model = ask.get("model", "sandbox/chat")
    messages: Any = [{"role": "user", "content": "word " * ask["words"]}] if "words" in ask else ASKED
    asked: Any = {"max_tokens": 1024, "messages": messages, **ask.get("fields", {})}
    repeat = ask.get("repeat", 1)
    for answered in range(repeat):
        try:
            if "path" in ask:
                api.get(ask["path"]["anthropic"], cast_to=object)
            elif "post" in ask:
                api.post(ask["post"]["anthropic"], cast_to=object)
            else:
                api.messages.create(
                    model=scene.models.get(model, model),
                    stream=ask.get("stream", False),
                    extra_headers=headers,
                    **asked,
                )
        except anthropic.APIStatusError as error:
            return error, answered
    raise AssertionError(f"{repeat} requests were answered, none refused")


def retried(scene: Scene) -> None:
    """What is worth another try is tried again by the client itself, and answered in the end."""
    sent: list[object] = []
    wire = anthropic.DefaultHttpxClient(event_hooks={"request": [sent.append]}, timeout=30)
    key = scene.keys["patient"]
    brief: Any = {"model": scene.models["brief"], "messages": ASKED, "stream": True}
    with (
        client(scene, key) as first,
        client(scene, key, http_client=wire, max_retries=5) as second,
        first.messages.create(**brief, max_tokens=15) as stream,
    ):
        next(iter(stream))
        assert list(second.messages.create(**brief, max_tokens=1))
    assert len(sent) > 1, "the first try was answered: nothing had to be tried again"


def cut(scene: Scene) -> None:
    """A stream that breaks off is an exception, never a clean end."""
    heard, raised = 0, None
    asked: Any = {"model": scene.models["cut"], "max_tokens": 1024, "messages": ASKED}
    with client(scene) as api:
        try:
            with api.messages.stream(**asked) as stream:
                for _ in stream.text_stream:
                    heard += 1
        except anthropic.APIError as error:
            raised = error
    assert raised is not None, "the stream ended as if it were whole"
    assert heard > 0
    body: Any = raised.body
    assert (body["type"], body["error"]["type"]) == ("error", "api_error")


CHECKS: dict[str, Check] = {
    "refused.in_a_stream": cut,
    "refused.tried_again": retried,
    **{name: partial(refused, row=row) for name, row in refusals("anthropic").items()},
}
