"""Bodies that are no requests for a message."""

from typing import Any

import pytest

from inference.dialects.messages import MESSAGES
from inference.errors import Failure
from tests.inference.test_messages_asking import HI, PNG, TOOL, USE, ask, text, user


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "max_tokens: Input should be a whole number from 1"),
        ({"max_tokens": True}, "max_tokens: Input should be a whole number from 1"),
        ({"model": None}, "model: Field required"),
        ({"model": ""}, "model: Input should be a non-empty string"),
        ({"messages": []}, "messages: At least one message is required"),
        ({"messages": None}, "messages: At least one message is required"),
        ({"messages": "Hi"}, "messages: Input should be a list"),
        ({"messages": [HI, 1]}, "messages.1: Input should be an object"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be 'user'"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [user()]}, "messages.0.content: At least one content block is required"),
        ({"messages": [user({})]}, "messages.0.content.0.type: Field required"),
        ({"messages": [user(text("a"), {"type": "text"})]}, "messages.0.content.1.text: Field required"),
        (
            {"messages": [user({"type": "server_tool_use"})]},
            "messages.0.content.0.type: Blocks of type 'server_tool_use' are not available here",
        ),
        ({"messages": [user({"type": "image"})]}, "messages.0.content.0.source: Field required"),
        (
            {"messages": [user({"type": "image", "source": {"type": "file", "file_id": "f"}})]},
            "messages.0.content.0.source.type: Sources of type 'file' are not available here",
        ),
        (
            {"messages": [user({"type": "image", "source": {**PNG["source"], "media_type": "a/b"}})]},  # type: ignore[dict-item]
            "messages.0.content.0.source.media_type: Input should be the media type of an image",
        ),
        (
            {"messages": [user({"type": "document", "source": {"type": "url", "url": "https://x"}})]},
            "messages.0.content.0.source.type: Sources of type 'url' are not available here",
        ),
        (
            {"messages": [user({"type": "document", "citations": {"enabled": True}, "source": {}})]},
            "messages.0.content.0.citations.enabled: Citations are not available here",
        ),
        (
            {"messages": [user({"type": "tool_result", "content": "x"})]},
            "messages.0.content.0.tool_use_id: Field required",
        ),
        (
            {"messages": [user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "odd"}]})]},
            "messages.0.content.0.content.0.type: Blocks of type 'odd'",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{**USE, "input": "x"}]}]},
            "messages.0.content.0.input: Input should be an object",
        ),
        (
            {"messages": [{"role": "assistant", "content": [PNG]}]},
            "messages.0.content.0.type: Blocks of type 'image'",
        ),
        ({"system": 3}, "system: Input should be a list"),
        ({"system": [PNG]}, "system.0.type: Input should be 'text'"),
        ({"stream": "yes"}, "stream: Input should be true or false"),
        ({"stop_sequences": "END"}, "stop_sequences: Input should be a list"),
        ({"tools": [{"name": "f"}]}, "tools.0.input_schema: Field required"),
        ({"tools": [TOOL, {**TOOL, "name": ""}]}, "tools.1.name: Input should be a non-empty string"),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            "tools.0.type: Tools of type 'web_search_20250305' are not available here",
        ),
        ({"tool_choice": {"type": "any"}}, "tool_choice: A tool can be demanded only where tools are given"),
        ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice: Input should be an object"),
        ({"tools": [TOOL], "tool_choice": {"type": "odd"}}, "tool_choice.type: Input should be"),
        ({"tool_choice": {"type": "odd"}}, "tool_choice.type: Input should be"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool"}}, "tool_choice.name: Field required"),
        ({"metadata": []}, "metadata: Input should be an object"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id: Input should be a string"),
        ({"thinking": True}, "thinking: Input should be an object"),
        ({"thinking": {"type": "odd"}}, "thinking.type: Input should be"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens: Field required"),
        ({"output_config": {"effort": "odd"}}, "output_config.effort: Input should be one of low"),
        ({"output_config": {"format": {"type": "odd"}}}, "output_config.format.type: Input should be"),
        ({"output_format": {"type": "json_schema"}}, "output_format.schema: Field required"),
        ({"mcp_servers": [{}]}, "mcp_servers: servers are not called from here"),
        ({"container": "c"}, "container: there are no containers here"),
        ({"inference_geo": "eu"}, "inference_geo: where a provider computes"),
        ({"n": 2}, "n: one message answers one request"),
        ({"max_completion_tokens": 9}, "max_completion_tokens: not a field of Messages: use max_tokens"),
    ],
)
def test_name_the_field_that_is_wrong(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Failure) as caught:
        ask(**fields)
    assert caught.value.code == "VALIDATION_ERROR"
    assert caught.value.message.startswith(said)
    assert caught.value.param == said.partition(":")[0]


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"\xff"}]}']
)
def test_must_be_json_objects(raw: bytes) -> None:
    with pytest.raises(Failure, match="JSON"):
        MESSAGES.read(raw)


def test_are_refused_where_they_are_too_deep_to_be_written() -> None:
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    raw = b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"made_up":%b}' % deep
    with pytest.raises(Failure, match="nested too deeply"):
        MESSAGES.read(raw)
