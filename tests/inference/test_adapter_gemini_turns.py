"""Messages, as Gemini's contents."""

from typing import Any

import pytest

from inference.adapters import Unsupported
from inference.adapters.gemini.turns import NO_SIGNATURE
from tests.inference.gemini_asking import HI, NEW, OLD, PNG, RESULT, calling, contents, sent


def parts(*messages: dict[str, Any], model: str = NEW) -> Any:
    return [part for turn in contents(*messages, model=model) for part in turn["parts"]]


def user(*given: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(given)}


def test_gather_instructions_apart_wherever_they_stand() -> None:
    asked = sent(
        {"role": "system", "content": "A"},
        HI,
        {"role": "developer", "content": [{"type": "text", "text": "B"}]},
    )
    assert asked["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}
    assert asked["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]


def test_are_a_question_where_there_are_instructions_only() -> None:
    asked = sent({"role": "system", "content": "A"})
    assert asked["contents"] == [{"role": "user", "parts": [{"text": "A"}]}]
    assert "systemInstruction" not in asked


def test_take_turns_and_leave_empty_ones_out() -> None:
    made = contents(
        HI, HI, {"role": "assistant", "content": ""}, HI, {"role": "assistant", "content": "A"}, HI
    )
    assert [(turn["role"], len(turn["parts"])) for turn in made] == [("user", 3), ("model", 1), ("user", 1)]


def test_must_say_something() -> None:
    with pytest.raises(Unsupported, match="say something"):
        sent({"role": "user", "content": ""})


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (PNG, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,-_8"}},
            {"inlineData": {"mimeType": "image/png", "data": "+/8="}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/svg+xml,%3Csvg%3E"}},
            {"inlineData": {"mimeType": "image/svg+xml", "data": "PHN2Zz4="}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://x.test/a.webp?b"}},
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://x.test/a.webp?b"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://x.test/a"}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.test/a"}},
        ),
        (
            {"type": "video_url", "video_url": {"url": "https://youtu.be/x"}},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://youtu.be/x"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"inlineData": {"mimeType": "audio/mp3", "data": "AAAA"}},
        ),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBE"}},
        ),
        (
            {"type": "file", "file": {"filename": "a.txt", "file_data": "aGk="}},
            {"inlineData": {"mimeType": "text/plain", "data": "aGk="}},
        ),
        ({"type": "input_text", "text": "a"}, {"text": "a"}),
    ],
)
def test_carry_what_is_not_text(given: dict[str, Any], written: dict[str, Any]) -> None:
    assert parts(user(given)) == [written]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "image_url", "image_url": {"url": "gs://bucket/a.png"}},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,!"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "input_audio", "input_audio": "x"},
        {"type": "hologram"},
    ],
)
def test_name_the_part_that_cannot_be_sent(given: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as refused:
        sent(user({"type": "text", "text": "a"}, given))
    assert refused.value.param == "messages[0].content[1]"


def test_lead_results_of_tools_back_to_the_names_of_their_calls() -> None:
    made = contents(HI, calling(), RESULT, HI)
    assert [turn["role"] for turn in made] == ["user", "model", "user"]
    assert made[1]["parts"] == [
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"}, "thoughtSignature": NO_SIGNATURE}
    ]
    assert made[2]["parts"] == [
        {"functionResponse": {"name": "f", "response": {"output": "fine"}, "id": "c1"}},
        {"text": "Hi"},
    ]


def test_name_no_ids_to_models_that_know_none_and_sign_nothing_for_them() -> None:
    assert parts(HI, calling(), RESULT, model=OLD)[1:] == [
        {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"functionResponse": {"name": "f", "response": {"output": "fine"}}},
    ]


@pytest.mark.parametrize(
    ("text", "response"),
    [('{"b": [1]}', {"b": [1]}), ("[1]", {"output": "[1]"}), ("7", {"output": "7"}), ("", {"output": ""})],
)
def test_give_a_result_that_is_an_object_as_one(text: str, response: dict[str, Any]) -> None:
    found = parts(HI, calling(), {**RESULT, "content": text})[-1]["functionResponse"]
    assert found["response"] == response


def test_put_the_pictures_of_a_result_where_the_model_looks_for_them() -> None:
    shown = {**RESULT, "content": [{"type": "text", "text": "seen"}, PNG]}
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    assert parts(HI, calling(), shown)[-1]["functionResponse"]["parts"] == [picture]
    old = parts(HI, calling(), shown, model=OLD)
    assert (old[-2]["functionResponse"]["response"], old[-1]) == ({"output": "seen"}, picture)


def test_have_arguments_that_are_objects_and_results_that_answer_a_call() -> None:
    assert parts(HI, calling(" "))[1]["functionCall"]["args"] == {"unparsed_arguments": " "}
    assert parts(HI, calling("[1"))[1]["functionCall"]["args"] == {"unparsed_arguments": "[1"}
    with pytest.raises(Unsupported, match="names no call"):
        sent(HI, RESULT)


def test_give_a_signature_back_on_the_call_it_came_with() -> None:
    google = {"google": {"thought_signature": "c2ln"}}
    assert parts(HI, calling(extra_content=google), RESULT)[1]["thoughtSignature"] == "c2ln"
    entry = {"type": "reasoning.encrypted", "data": "c2lo", "format": "google-gemini-v1", "id": "c1"}
    assert parts(HI, {**calling(), "reasoning_details": [entry]}, RESULT)[1]["thoughtSignature"] == "c2lo"


def test_give_a_signature_that_lost_its_call_to_the_first() -> None:
    entry = {"type": "reasoning.encrypted", "data": "c2lo", "format": "google-gemini-v1"}
    assert parts(HI, {**calling(), "reasoning_details": [entry]}, RESULT)[1]["thoughtSignature"] == "c2lo"


def test_sign_the_text_that_was_signed() -> None:
    entry = {"type": "reasoning.encrypted", "data": "c2lo", "format": "google-gemini-v1"}
    said = {"role": "assistant", "content": "A", "reasoning_details": [entry], "reasoning_content": "hm"}
    assert parts(HI, said, HI)[1] == {"text": "A", "thoughtSignature": "c2lo"}
    assert parts(HI, {**said, "content": None}, HI)[1] == {"text": "", "thoughtSignature": "c2lo"}


def test_never_show_one_makers_signature_to_another() -> None:
    entry = {"type": "reasoning.encrypted", "data": "YW50", "format": "anthropic-claude-v1"}
    said = {"role": "assistant", "content": "A", "reasoning_details": [entry]}
    assert parts(HI, said, HI)[1] == {"text": "A"}


def test_sign_only_the_first_of_calls_made_at_once() -> None:
    first, second = calling()["tool_calls"][0], {**calling()["tool_calls"][0], "id": "c2"}
    both = {"role": "assistant", "content": None, "tool_calls": [first, second]}
    made = parts(HI, both, RESULT, {**RESULT, "tool_call_id": "c2"})
    assert [part.get("thoughtSignature") for part in made[1:3]] == [NO_SIGNATURE, None]


def test_show_a_model_the_pictures_it_drew() -> None:
    drawn = {"role": "assistant", "content": "A", "images": [PNG]}
    assert parts(HI, drawn, HI)[2] == {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}


def test_sign_each_picture_that_was_signed() -> None:
    entry = {"type": "reasoning.encrypted", "data": "c2lo", "format": "google-gemini-v1", "id": "image-1"}
    drawn = {"role": "assistant", "content": None, "images": [PNG, PNG], "reasoning_details": [entry]}
    assert [part.get("thoughtSignature") for part in parts(HI, drawn, HI)[1:3]] == [None, "c2lo"]
