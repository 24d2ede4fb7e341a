"""The table of errors through the Python package `openai`: exception, code, type, request id, and who tries again."""

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import openai

from tests.clients.drivers.openai_chat import ASKED, client
from tests.clients.drivers.reporting import PATIENCE_S, Check, Scene, refusals

CLASSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
    504: openai.InternalServerError,
}


def refused(scene: Scene, *, row: dict[str, Any]) -> None:
    """Provoke a refusal and look at what is raised; one that is not worth another try must not get one."""
    sent: list[object] = []
    wire = openai.DefaultHttpxClient(event_hooks={"request": [sent.append]}, timeout=PATIENCE_S)
    key = scene.keys.get(row["ask"].get("key", ""), scene.key)
    place = dataclasses.replace(scene, base_url=scene.stalling) if row["ask"].get("stalling") else scene
    options: dict[str, Any] = {
        "http_client": wire,
        "max_retries": 0 if row["retry"] else 2,
        "timeout": PATIENCE_S,
    }
    with client(place, key, **options) as api, beside(scene, key, row["ask"]):
        error, answered = provoke(api, scene, row["ask"])
    assert type(error) is CLASSES.get(row["status"], openai.APIStatusError), repr(error)
    assert error.status_code == row["status"]
    assert error.response.headers["x-error-code"] == row["code"]
    assert (error.type, error.code) == (row["type"], row["openai"])
    assert error.request_id == error.response.headers["x-request-id"] != ""
    assert error.response.headers["x-should-retry"] == ("true" if row["retry"] else "false")
    assert len(sent) - answered == 1, f"{len(sent) - answered} requests for one refusal"


@contextlib.contextmanager
def beside(scene: Scene, key: str, ask: dict[str, Any]) -> Iterator[None]:
    """Keep a stream open meanwhile, where the refusal needs one."""
    if "beside" not in ask:
        yield
        return
    with client(scene, key) as api:
        stream: Any = api.chat.completions.create(
            model=scene.models[ask["beside"]], messages=ASKED, stream=True, **ask.get("fields", {})
        )
        with stream:
            next(iter(stream))
            yield


def provoke(api: openai.OpenAI, scene: Scene, ask: dict[str, Any]) -> tuple[openai.APIStatusError, int]:
    """Ask until it is refused, and return the refusal with how many were answered before."""
    headers = {"Idempotency-Key": str(uuid.uuid4())} if ask.get("idempotent") else {}
    model = ask.get("model", "sandbox/chat")
    messages: Any = [{"role": "user", "content": "word " * ask["words"]}] if "words" in ask else ASKED
    repeat = ask.get("repeat", 1)
    for answered in range(repeat):
        try:
            if "path" in ask:
                api.get(ask["path"]["openai"], cast_to=object)
            elif "post" in ask:
                api.post(ask["post"]["openai"], cast_to=object)
            else:
                api.chat.completions.create(
                    model=scene.models.get(model, model),
                    messages=messages,
                    stream=ask.get("stream", False),
                    extra_headers=headers,
                    **ask.get("fields", {}),
                )
        except openai.APIStatusError as error:
            return error, answered
    raise AssertionError(f"{repeat} requests were answered, none refused")


def retried(scene: Scene) -> None:
    """What is worth another try is tried again by the client itself, and answered in the end."""
    sent: list[object] = []
    wire = openai.DefaultHttpxClient(event_hooks={"request": [sent.append]}, timeout=30)
    key = scene.keys["patient"]
    with client(scene, key) as first, client(scene, key, http_client=wire, max_retries=5) as second:
        stream: Any = first.chat.completions.create(
            model=scene.models["brief"], messages=ASKED, stream=True, max_tokens=15
        )
        with stream:
            next(iter(stream))
            answer: Any = second.chat.completions.create(
                model=scene.models["brief"], messages=ASKED, stream=True, max_tokens=1
            )
            assert list(answer)
    assert len(sent) > 1, "the first try was answered: nothing had to be tried again"


def cut(scene: Scene) -> None:
    """A stream that breaks off is an exception, never a clean end."""
    heard, raised = 0, None
    with client(scene) as api:
        stream: Any = api.chat.completions.create(model=scene.models["cut"], messages=ASKED, stream=True)
        try:
            for _ in stream:
                heard += 1
        except openai.APIError as error:
            raised = error
    assert raised is not None, "the stream ended as if it were whole"
    assert heard > 0
    assert type(raised) is openai.APIError
    assert (raised.type, raised.code) == ("api_error", "PROVIDER_ERROR")


CHECKS: dict[str, Check] = {
    "refused.in_a_stream": cut,
    "refused.tried_again": retried,
    **{name: partial(refused, row=row) for name, row in refusals("openai").items()},
}
