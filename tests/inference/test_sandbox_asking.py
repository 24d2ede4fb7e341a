"""What the sandbox makes of bodies nobody foresaw."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sandbox import script, server
from inference.sandbox.asking import Invalid

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SCHEMA_WORDS = (
    "type",
    "properties",
    "required",
    "items",
    "minItems",
    "minimum",
    "maximum",
    "enum",
    "anyOf",
    "$ref",
)
SCHEMAS = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(SCHEMA_WORDS), inner, max_size=4),
    max_leaves=10,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "messages": st.lists(
        st.fixed_dictionaries({"role": JSON, "content": JSON, "tool_calls": JSON}), max_size=3
    ),
    "tools": st.lists(
        st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": JSON, "parameters": SCHEMAS})}),
        max_size=2,
    ),
    "tool_choice": st.just("required") | JSON,
    "response_format": st.fixed_dictionaries({"json_schema": st.fixed_dictionaries({"schema": SCHEMAS})}),
    **dict.fromkeys(("stop", "n", "max_tokens", "stream", "stream_options", "prompt", "input"), JSON),
    **dict.fromkeys(("documents", "query", "top_n", "dimensions"), JSON),
}
SAFE = [name for name, row in script.SCRIPT.items() if row.text != "big" and row.overrun == 1]


@given(
    path=st.sampled_from(sorted(server.DOORS)),
    model=st.sampled_from(SAFE),
    fields=st.fixed_dictionaries({}, optional=FIELDS),
)
def test_answers_or_refuses_and_never_breaks(path: str, model: str, fields: dict[str, Any]) -> None:
    door = server.DOORS[path]
    with suppress(Invalid):
        reply = door({"model": f"sandbox/{model}"} | fields, script.behaviour(model))
        json.loads(reply.body())


@pytest.mark.parametrize("depth", [300, 900])
def test_refuses_what_is_nested_too_deeply(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    raw = f'{{"model":"m","messages":[{{"role":"user","content":{nested}}}]}}'.encode()
    with pytest.raises(Invalid, match="nested"):
        server.prepared(server.DOORS["/v1/chat/completions"], raw)
