"""The types of the Python package `google-genai`: they read what Gemini is sent, and write what it would say.

Standard input is a JSON object of `asked`, bodies of generateContent, and `said`, answers to them. Standard output is
one of the same names, each as the package's types read and wrote it, and of `made`, answers that they wrote alone.
They know no field besides their own.
"""

import json
import sys
from typing import Any

from google.genai import types  # type: ignore[import-untyped,import-not-found,unused-ignore]

ASKED: dict[str, Any] = {
    "systemInstruction": types.Content,
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
}
LISTED: dict[str, Any] = {
    "contents": types.Content,
    "tools": types.Tool,
    "safetySettings": types.SafetySetting,
}


def written(value: Any) -> Any:
    """Return a value of the package's as it goes over the wire."""
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


def asked(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request as the types read it; raises for a field that they do not know."""
    rest = body.keys() - ASKED.keys() - LISTED.keys() - {"cachedContent"}
    assert not rest, f"unknown: {sorted(rest)}"
    one = {name: written(kind.model_validate(body[name])) for name, kind in ASKED.items() if name in body}
    many = {
        name: [written(kind.model_validate(each)) for each in body[name]]
        for name, kind in LISTED.items()
        if name in body
    }
    return {**{name: body[name] for name in ("cachedContent",) if name in body}, **one, **many}


def said(answer: dict[str, Any]) -> Any:
    """Return an answer as the types read it."""
    return written(types.GenerateContentResponse.model_validate(answer))


def made() -> list[Any]:
    """Return the events of a stream in which everything occurs that a chat has words for."""
    told = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=1000,
        cached_content_token_count=400,
        candidates_token_count=30,
        thoughts_token_count=20,
        tool_use_prompt_token_count=5,
        total_token_count=1055,
        prompt_tokens_details=[types.ModalityTokenCount(modality="IMAGE", token_count=258)],
        cache_tokens_details=[types.ModalityTokenCount(modality="TEXT", token_count=400)],
        candidates_tokens_details=[types.ModalityTokenCount(modality="TEXT", token_count=30)],
    )
    parts = [
        [types.Part(text="hm", thought=True)],
        [types.Part(text="Yes.", thought_signature=b"text")],
        [types.Part(inline_data=types.Blob(mime_type="image/png", data=b"png"))],
        [
            types.Part(
                function_call=types.FunctionCall(name="f", args={"a": [1, {"b": None}]}, id="x1"),
                thought_signature=b"call",
            ),
            types.Part(function_call=types.FunctionCall(name="g")),
        ],
    ]
    return [
        written(
            types.GenerateContentResponse(
                candidates=[
                    types.Candidate(
                        content=types.Content(role="model", parts=each),
                        index=0,
                        finish_reason="STOP" if each is parts[-1] else None,
                    )
                ],
                usage_metadata=told,
                model_version="gemini-3-flash",
                response_id="r1",
            )
        )
        for each in parts
    ]


def main() -> None:
    """Read what is to be read, and print it."""
    given = json.load(sys.stdin)
    found = {
        "asked": [asked(body) for body in given["asked"]],
        "said": [said(answer) for answer in given["said"]],
        "made": made(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
