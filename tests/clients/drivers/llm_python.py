"""The Python package `llm`, the command-line tool's own library: `python -m tests.clients.drivers.llm_python URL KEY SCENE`."""

import base64
import dataclasses
import time
import uuid
from typing import Any

import llm  # type: ignore[import-not-found]
import openai
from llm.default_plugins.openai_models import Chat  # type: ignore[import-not-found]

from tests.clients.drivers import reporting
from tests.clients.drivers.openai_chat import Verdict
from tests.clients.drivers.reporting import PIXEL, QUESTION, Check, Scene, refusals


def model(
    scene: Scene, name: str = "sandbox/chat", *, key: str = "", headers: dict[str, str] | None = None
) -> Any:
    """Return a model as `extra-openai-models.yaml` would declare it."""
    made = Chat(
        "tollway",
        model_name=name,
        api_base=scene.base_url,
        headers=headers,
        vision=True,
        supports_schema=True,
        supports_tools=True,
    )
    made.key = key or scene.key
    return made


def plain(scene: Scene) -> None:
    answer = model(scene).prompt(QUESTION, stream=False)
    assert answer.text()
    assert answer.usage().output > 0


def streamed(scene: Scene) -> None:
    whole = model(scene).prompt(QUESTION, stream=False).text()
    assert "".join(model(scene).prompt(QUESTION, stream=True)) == whole


def usage_asked(scene: Scene) -> None:
    answer = model(scene).prompt(QUESTION, stream=True)
    assert answer.text()
    assert answer.usage().output > 0


def tool_results(scene: Scene) -> None:
    heard: list[str] = []

    def get_weather(location: str) -> str:
        """Weather of a place."""
        heard.append(location)
        return "Sunny"

    chain = model(scene, "sandbox/tool-call").chain(QUESTION, tools=[get_weather])
    assert chain.text()
    assert len(heard) == 1


def tools(scene: Scene) -> None:
    _calls(scene, stream=False)


def tools_streamed(scene: Scene) -> None:
    _calls(scene, stream=True)


def _calls(scene: Scene, *, stream: bool) -> None:
    weather = llm.Tool(name="get_weather", description="Weather", input_schema=reporting.WEATHER_SCHEMA)
    answer = model(scene, "sandbox/tool-call").prompt(QUESTION, tools=[weather], stream=stream)
    (call,) = answer.tool_calls()
    assert call.name == "get_weather"
    assert call.tool_call_id
    assert "location" in call.arguments


def structured(scene: Scene) -> None:
    answer = model(scene).prompt(QUESTION, schema=Verdict, stream=False)
    assert Verdict.model_validate_json(answer.text())


def vision(scene: Scene) -> None:
    picture = llm.Attachment(type="image/png", content=base64.b64decode(PIXEL))
    answer = model(scene, scene.models["seeing"]).prompt(QUESTION, attachments=[picture], stream=False)
    assert answer.text()
    assert answer.usage().input > 85, "the upstream counts 85 tokens for an image"


def keep_alive(scene: Scene) -> None:
    began = time.monotonic()
    answer = model(scene, scene.models["waiting"]).prompt(QUESTION, stream=True, max_tokens=1)
    assert answer.text()
    assert time.monotonic() - began > 10, "the model did not keep the client waiting"


def _raises(name: str, asked: Any) -> None:
    row, raised = refusals("openai")[name], None
    try:
        asked.prompt(QUESTION, stream=False).text()
    except openai.APIStatusError as error:
        raised = error
    assert raised is not None, "it was answered"
    assert (raised.status_code, raised.code) == (row["status"], row["openai"])


def refused(scene: Scene) -> None:
    _raises("refused.INVALID_MODEL", model(scene, "route/none"))


def unauthenticated(scene: Scene) -> None:
    _raises("refused.AUTHENTICATION_ERROR", model(scene, key=scene.keys["unknown"]))


def failed(scene: Scene) -> None:
    _raises("refused.PROVIDER_ERROR", model(scene, scene.models["broken"]))


def broken(scene: Scene) -> None:
    _raises("refused.INTERNAL_ERROR", model(scene, scene.models["damaged"]))


def unavailable(scene: Scene) -> None:
    marked = {"Idempotency-Key": str(uuid.uuid4())}
    _raises("refused.UNAVAILABLE", model(scene, key=scene.keys["unlucky"], headers=marked))


def timed_out(scene: Scene) -> None:
    _raises("refused.REQUEST_TIMEOUT", model(dataclasses.replace(scene, base_url=scene.stalling)))


def cut(scene: Scene) -> None:
    heard, raised = 0, None
    try:
        for _ in model(scene, scene.models["cut"]).prompt(QUESTION, stream=True):
            heard += 1
    except openai.APIError as error:
        raised = error
    assert raised is not None, "the stream ended as if it were whole"
    assert heard > 0


CHECKS: dict[str, Check] = {
    "chat.keep_alive": keep_alive,
    "chat.plain": plain,
    "chat.stream": streamed,
    "chat.usage_asked": usage_asked,
    "chat.tools": tools,
    "chat.tools_streamed": tools_streamed,
    "chat.tool_results": tool_results,
    "chat.structured": structured,
    "chat.vision": vision,
    "refused.INVALID_MODEL": refused,
    "refused.AUTHENTICATION_ERROR": unauthenticated,
    "refused.PROVIDER_ERROR": failed,
    "refused.INTERNAL_ERROR": broken,
    "refused.UNAVAILABLE": unavailable,
    "refused.REQUEST_TIMEOUT": timed_out,
    "refused.in_a_stream": cut,
}

if __name__ == "__main__":
    reporting.main(CHECKS)
