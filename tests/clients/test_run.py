"""A run of a client: what it says counts, and what it leaves unsaid is missed."""

import json
import sys
from pathlib import Path

import pytest

from tests.clients import conformance
from tests.clients.capabilities import CLAIMS
from tests.clients.clients import CLIENTS
from tests.clients.conformance import Finding
from tests.clients.runtimes import Python, Unavailable
from tests.clients.stage import Stage
from tests.clients.table import markdown, text

CLIENT = "llm"
LINE = {"capability": "chat.plain", "ok": True, "detail": ""}


def found(folder: Path, program: str) -> dict[str, Finding]:
    stage = Stage("http://127.0.0.1:1/v1", {CLIENT: {"keys": {"main": "k"}, "models": {}}}, folder, "")
    command = [sys.executable, "-c", program]
    return {each.capability: each for each in conformance.driven(stage, CLIENT, command)}


def test_takes_what_is_reported_and_misses_the_rest(tmp_path: Path) -> None:
    heard = found(tmp_path, f"print('noise'); print({json.dumps(LINE)!r}); raise SystemExit('no more')")
    assert heard.keys() == set(CLAIMS[CLIENT])
    assert heard["chat.plain"].ok is True
    assert (heard["chat.stream"].ok, heard["chat.stream"].detail) == (
        False,
        "not reported: exit code 1 no more",
    )


def test_refuses_a_report_of_what_was_not_asked(tmp_path: Path) -> None:
    other = json.dumps({**LINE, "capability": "chat.several"})
    with pytest.raises(RuntimeError, match=r"llm reports what it is not asked for: \['chat.several'\]"):
        found(tmp_path, f"print({other!r})")


def test_gives_the_driver_address_key_and_scene(tmp_path: Path) -> None:
    said = f"{{**{LINE!r}, 'detail': json.dumps(sys.argv[1:])}}"
    program = f"import json, sys; print(json.dumps({said}))"
    address, key, scene = json.loads(found(tmp_path, program)["chat.plain"].detail)
    assert (address, key) == ("http://127.0.0.1:1/v1", "k")
    assert json.loads(Path(scene).read_text()) == {"keys": {"main": "k"}, "models": {}, "stalling": ""}


def test_names_what_is_missed_and_what_could_not_be_run() -> None:
    findings = [
        Finding("openai-python", "chat.plain", True, ""),
        Finding("openai-python", "chat.stream", False, "it broke"),
        Finding("llm", "chat.plain", None, "uv is missing"),
    ]
    shown = text(findings)
    assert "openai-python chat.stream: it broke" in shown
    assert "Not run: llm: uv is missing" in shown
    assert shown.endswith("1 of 2 shown.\n")
    page = markdown(findings)
    assert f"| | {CLIENTS['openai-python'].title} | {CLIENTS['llm'].title} |" in page
    assert "| chat | ✓ | skipped |" in page
    assert "| chat, streamed | ✗ |  |" in page


def test_says_why_a_client_is_not_available(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.clients.runtimes.CACHE", tmp_path)
    monkeypatch.setattr("tests.clients.runtimes.UV", tmp_path / "uv")
    with pytest.raises(Unavailable, match="uv is missing; run `make install`"):
        Python("llm_python", lock="llm").command()


def test_every_client_is_asked_for_something_and_pinned() -> None:
    assert CLIENTS.keys() == CLAIMS.keys()
    assert all(client.title[-1] == ")" for client in CLIENTS.values())
