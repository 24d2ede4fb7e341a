"""The sandbox under the real OpenAI SDK."""

import asyncio
import json
from collections.abc import Iterator

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam
from pydantic import BaseModel

from inference.sandbox import words
from tests.fakes.upstream import running_sandbox

ASKED: ChatCompletionMessageParam = {"role": "user", "content": "What is a limit?"}
TOOL: ChatCompletionToolUnionParam = {
    "type": "function",
    "function": {
        "name": "lookup",
        "parameters": {"type": "object", "properties": {"term": {"type": "string"}}, "required": ["term"]},
    },
}


class Plan(BaseModel):
    title: str
    steps: list[str]


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with (
        running_sandbox() as url,
        openai.OpenAI(base_url=url, api_key="any", max_retries=0, timeout=10) as client,
    ):
        yield client


def test_reads_a_plain_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="m", messages=[ASKED])
    assert answer.usage is not None
    assert answer.usage.completion_tokens == words.count(answer.choices[0].message.content or "")
    assert answer.system_fingerprint == "sandbox"


def test_reads_a_stream_with_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="m", messages=[ASKED], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == client.chat.completions.create(model="m", messages=[ASKED]).choices[0].message.content
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == words.count(text)


def test_gathers_a_streamed_tool_call_and_ends_the_loop_after_its_result(client: openai.OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [ASKED]
    with client.chat.completions.stream(model="sandbox/tool-call", messages=messages, tools=[TOOL]) as stream:
        for _ in stream:
            pass
        choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    (made,) = choice.message.tool_calls
    assert json.loads(made.function.arguments) == {"term": "sandbox"}
    messages += [
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": made.id,
                    "type": "function",
                    "function": {"name": "lookup", "arguments": made.function.arguments},
                }
            ],
        },
        {"role": "tool", "tool_call_id": made.id, "content": "a bound"},
    ]
    answer = client.chat.completions.create(model="sandbox/tool-call", messages=messages, tools=[TOOL])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content


def test_parses_a_structured_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(model="m", messages=[ASKED], response_format=Plan)
    assert answer.choices[0].message.parsed == Plan(title="sandbox", steps=[])


def test_reads_embeddings_images_and_models(client: openai.OpenAI) -> None:
    # The SDK asks for base64 by itself and unpacks it.
    assert len(client.embeddings.create(model="m", input="text").data[0].embedding) == 256
    images = client.images.generate(model="m", prompt="a toll gate", response_format="b64_json").data
    assert images is not None
    assert images[0].b64_json
    assert "sandbox/slow" in [model.id for model in client.models.list()]
    assert client.completions.create(model="m", prompt="Once").choices[0].text


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("sandbox/error-400", openai.BadRequestError),
        ("sandbox/error-401", openai.AuthenticationError),
        ("sandbox/error-403", openai.PermissionDeniedError),
        ("sandbox/error-404", openai.NotFoundError),
        ("sandbox/rate-limited", openai.RateLimitError),
        ("sandbox/error-500", openai.InternalServerError),
        ("sandbox/error-503", openai.InternalServerError),
        ("sandbox/cut-stream", openai.APIConnectionError),
    ],
)
def test_raises_what_the_model_is_named_for(
    client: openai.OpenAI, model: str, error: type[openai.APIError]
) -> None:
    with pytest.raises(error):
        client.chat.completions.create(model=model, messages=[ASKED])


def test_raises_an_error_inside_a_stream(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="sandbox/sse-error-mid-2", messages=[ASKED], stream=True)
    with pytest.raises(openai.APIError, match="asked to fail"):
        list(stream)


def test_serves_the_asynchronous_client_many_times_at_once(client: openai.OpenAI) -> None:
    async def all_at_once() -> list[str | None]:
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="any", max_retries=0) as caller:
            asked = [caller.chat.completions.create(model=f"m{i}", messages=[ASKED]) for i in range(40)]
            return [answer.choices[0].message.content for answer in await asyncio.gather(*asked)]

    assert all(asyncio.run(all_at_once()))
