"""The Python package `langchain-openai`: `python -m tests.clients.drivers.langchain_python URL KEY SCENE`."""

import time
import uuid
from typing import Any

import openai
from langchain_openai import (  # type: ignore[import-not-found]
    ChatOpenAI,
    OpenAIEmbeddings,
)
from pydantic import BaseModel

from tests.clients.drivers import reporting
from tests.clients.drivers.openai_refusals import CLASSES
from tests.clients.drivers.reporting import PATIENCE_S, PIXEL, QUESTION, Check, Scene, refusals


class Verdict(BaseModel):
    """Whether something was approved, and why."""

    approved: bool
    reason: str


class GetWeather(BaseModel):
    """Weather of a place."""

    location: str


class GetTime(BaseModel):
    """Time of a place."""

    location: str


def chat(scene: Scene, model: str = "sandbox/chat", **fields: Any) -> Any:
    """Return the chat model of a scene; it tries nothing twice unless told otherwise."""
    given = {"max_retries": 0, "timeout": 30, "api_key": scene.key, "base_url": scene.base_url, **fields}
    return ChatOpenAI(model=model, **given)


def gathered(chunks: Any) -> Any:
    """Return the chunks of a stream as the one message that LangChain adds them up to."""
    first, *others = chunks
    for chunk in others:
        first += chunk
    return first


def plain(scene: Scene) -> None:
    answer = chat(scene).invoke(QUESTION)
    assert answer.content
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.response_metadata["model_name"] == "sandbox/chat"
    assert answer.usage_metadata["output_tokens"] > 0


def streamed(scene: Scene) -> None:
    whole = chat(scene).invoke(QUESTION).content
    answer = gathered(chat(scene).stream(QUESTION))
    assert answer.content == whole
    assert answer.response_metadata["finish_reason"] == "stop"


def usage_asked(scene: Scene) -> None:
    answer = gathered(chat(scene, stream_usage=True).stream(QUESTION))
    assert answer.usage_metadata["output_tokens"] > 0


def usage_unasked(scene: Scene) -> None:
    assert gathered(chat(scene, stream_usage=False).stream(QUESTION)).usage_metadata is None


def _are_calls(answer: Any, *names: str) -> None:
    assert [call["name"] for call in answer.tool_calls] == list(names)
    assert len({call["id"] for call in answer.tool_calls}) == len(names)
    assert all("location" in call["args"] for call in answer.tool_calls)
    assert answer.invalid_tool_calls == []


def tools(scene: Scene) -> None:
    _are_calls(chat(scene, "sandbox/tool-call").bind_tools([GetWeather]).invoke(QUESTION), "GetWeather")


def tools_streamed(scene: Scene) -> None:
    bound = chat(scene, "sandbox/tool-call").bind_tools([GetWeather])
    _are_calls(gathered(bound.stream(QUESTION)), "GetWeather")


def tools_parallel(scene: Scene) -> None:
    bound = chat(scene, "sandbox/parallel-tool-calls").bind_tools([GetWeather, GetTime])
    _are_calls(bound.invoke(QUESTION), "GetWeather", "GetTime")


def tools_parallel_streamed(scene: Scene) -> None:
    bound = chat(scene, "sandbox/parallel-tool-calls").bind_tools([GetWeather, GetTime])
    _are_calls(gathered(bound.stream(QUESTION)), "GetWeather", "GetTime")


def tool_results(scene: Scene) -> None:
    bound = chat(scene, "sandbox/tool-call").bind_tools([GetWeather])
    first = bound.invoke(QUESTION)
    result = {"role": "tool", "tool_call_id": first.tool_calls[0]["id"], "content": "Sunny"}
    assert bound.invoke([("user", QUESTION), first, result]).content


def structured(scene: Scene) -> None:
    answer = chat(scene).with_structured_output(Verdict, method="json_schema").invoke(QUESTION)
    assert isinstance(answer, Verdict)


def vision(scene: Scene) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    content = [{"type": "text", "text": QUESTION}, picture]
    answer = chat(scene, scene.models["seeing"]).invoke([{"role": "user", "content": content}])
    assert answer.usage_metadata["input_tokens"] > 85, "the upstream counts 85 tokens for an image"


def logprobs(scene: Scene) -> None:
    answer = chat(scene, scene.models["mirror"]).bind(logprobs=True).invoke(QUESTION)
    tokens = [entry["token"] for entry in answer.response_metadata["logprobs"]["content"]]
    assert tokens == ["It ", "is ", "mirrored."]


def keep_alive(scene: Scene) -> None:
    began = time.monotonic()
    answer = gathered(chat(scene, scene.models["waiting"], max_tokens=1).stream(QUESTION))
    assert time.monotonic() - began > 10, "the model did not keep the client waiting"
    assert answer.content


def embeddings(scene: Scene) -> None:
    model = OpenAIEmbeddings(
        model="sandbox/embedding",
        api_key=scene.key,
        base_url=scene.base_url,
        max_retries=0,
        # Otherwise it fetches a tokenizer, to send numbers in place of texts.
        check_embedding_ctx_length=False,
    )
    vectors = model.embed_documents(["a limit on requests", "a red bicycle"])
    assert len(vectors) == 2
    assert len(vectors[0]) == len(model.embed_query("a limit on requests")) > 1


def responses(scene: Scene) -> None:
    answer = chat(scene, use_responses_api=True).invoke(QUESTION)
    assert answer.text
    assert answer.usage_metadata["output_tokens"] > 0


def responses_streamed(scene: Scene) -> None:
    whole = chat(scene, use_responses_api=True).invoke(QUESTION)
    assert gathered(chat(scene, use_responses_api=True).stream(QUESTION)).text == whole.text != ""


def refused(scene: Scene) -> None:
    _raises("refused.INVALID_MODEL", chat(scene, "route/none"))


def unauthenticated(scene: Scene) -> None:
    _raises("refused.AUTHENTICATION_ERROR", chat(scene, api_key=scene.keys["unknown"]))


def too_long(scene: Scene) -> None:
    _raises("refused.CONTEXT_LENGTH_EXCEEDED", chat(scene, scene.models["short"]), prompt="word " * 4000)


def failed(scene: Scene) -> None:
    _raises("refused.PROVIDER_ERROR", chat(scene, scene.models["broken"], max_retries=2))


def broken(scene: Scene) -> None:
    _raises("refused.INTERNAL_ERROR", chat(scene, scene.models["damaged"], max_retries=2))


def unavailable(scene: Scene) -> None:
    marked = {"Idempotency-Key": str(uuid.uuid4())}
    _raises("refused.UNAVAILABLE", chat(scene, api_key=scene.keys["unlucky"], default_headers=marked))


def timed_out(scene: Scene) -> None:
    model = chat(scene, base_url=scene.stalling, timeout=PATIENCE_S, max_retries=2)
    _raises("refused.REQUEST_TIMEOUT", model)


def _raises(name: str, model: Any, *, prompt: str = QUESTION) -> None:
    row, raised = refusals("openai")[name], None
    try:
        model.invoke(prompt)
    except openai.APIStatusError as error:
        raised = error
    assert raised is not None, "it was answered"
    # LangChain raises heirs of some of the client's own exceptions.
    assert isinstance(raised, CLASSES.get(row["status"], openai.APIStatusError))
    assert (raised.type, raised.code) == (row["type"], row["openai"])
    assert raised.request_id


def cut(scene: Scene) -> None:
    heard, raised = 0, None
    try:
        for _ in chat(scene, scene.models["cut"]).stream(QUESTION):
            heard += 1
    except openai.APIError as error:
        raised = error
    assert raised is not None, "the stream ended as if it were whole"
    assert heard > 0
    assert raised.code == "PROVIDER_ERROR"


CHECKS: dict[str, Check] = {
    "chat.keep_alive": keep_alive,
    "chat.plain": plain,
    "chat.stream": streamed,
    "chat.usage_unasked": usage_unasked,
    "chat.usage_asked": usage_asked,
    "chat.tools": tools,
    "chat.tools_streamed": tools_streamed,
    "chat.tools_parallel": tools_parallel,
    "chat.tools_parallel_streamed": tools_parallel_streamed,
    "chat.tool_results": tool_results,
    "chat.structured": structured,
    "chat.vision": vision,
    "chat.logprobs": logprobs,
    "embeddings.float": embeddings,
    "responses.plain": responses,
    "responses.stream": responses_streamed,
    "refused.INVALID_MODEL": refused,
    "refused.AUTHENTICATION_ERROR": unauthenticated,
    "refused.CONTEXT_LENGTH_EXCEEDED": too_long,
    "refused.PROVIDER_ERROR": failed,
    "refused.INTERNAL_ERROR": broken,
    "refused.UNAVAILABLE": unavailable,
    "refused.REQUEST_TIMEOUT": timed_out,
    "refused.in_a_stream": cut,
}

if __name__ == "__main__":
    reporting.main(CHECKS)
