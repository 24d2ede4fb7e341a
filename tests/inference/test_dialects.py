"""Every kind of request names the field that holds its prompt as its caller wrote it."""

from typing import Any

import orjson
import pytest

from inference.dialects import Dialect
from inference.dialects.chat import CHAT
from inference.dialects.completions import COMPLETIONS
from inference.dialects.embeddings import EMBEDDINGS
from inference.dialects.images import IMAGES
from inference.dialects.messages import MESSAGES
from inference.dialects.rerank import RERANK
from inference.dialects.responses import RESPONSES

TURNS = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("dialect", "prompt", "fields"),
    [
        (CHAT, {"messages": TURNS}, {}),
        (COMPLETIONS, {"prompt": "Hi"}, {}),
        (EMBEDDINGS, {"input": "Hi"}, {}),
        (IMAGES, {"prompt": "Hi"}, {}),
        (MESSAGES, {"messages": TURNS}, {"max_tokens": 9}),
        (RERANK, {"documents": ["Hi"]}, {"query": "Ho"}),
        (RESPONSES, {"input": "Hi"}, {}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "",
)
def test_names_the_field_that_holds_the_prompt(
    dialect: Dialect, prompt: dict[str, Any], fields: dict[str, Any]
) -> None:
    ask = dialect.read(orjson.dumps({"model": "m", **prompt, **fields}))
    assert [ask.prompt_field] == list(prompt)
