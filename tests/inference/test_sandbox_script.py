"""The sandbox's table of names."""

import re
from pathlib import Path

import pytest

from inference.sandbox import script

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"


@pytest.mark.parametrize("model", ["sandbox/slow", "slow", "route/sandbox/slow"])
def test_finds_a_name_with_and_without_its_prefix(model: str) -> None:
    assert script.behaviour(model) is script.SCRIPT["slow"]


@pytest.mark.parametrize(
    "model", ["deepseek-v3.2", "sandbox/chat", "other/slow", "sandbox/error-418", "sandbox/slow-", ""]
)
def test_takes_any_other_name_as_ordinary(model: str) -> None:
    assert script.behaviour(model) is script.ORDINARY


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        ("sandbox/slow-50ms", "delay", 50),
        ("sandbox/cut-stream-3", "break_after", 3),
        ("sandbox/cut-stream-rst-0", "break_after", 0),
        ("sandbox/rate-limited-3600s", "retry_after_s", 3_600),
        ("sandbox/error-429-9s", "retry_after_s", 9),
        ("sandbox/long-500", "tokens", 500),
        ("sandbox/recovering-2", "fail_first", 2),
    ],
)
def test_takes_a_number_after_the_name(model: str, field: str, value: int) -> None:
    assert getattr(script.behaviour(model), field) == value


@pytest.mark.parametrize(
    "model", ["sandbox/slow-5s", "sandbox/slow-60001ms", "sandbox/echo-5", "sandbox/cut-stream-3ms"]
)
def test_takes_a_number_in_another_unit_or_out_of_bounds_as_ordinary(model: str) -> None:
    assert script.behaviour(model) is script.ORDINARY


def test_says_what_every_name_does_in_its_own_words() -> None:
    abouts = [row.about for name, row in script.SCRIPT.items() if name != "rate-limited"]
    assert len(set(abouts)) == len(abouts)
    assert script.ORDINARY.about not in abouts


def test_changes_something_for_every_name() -> None:
    ordinary = {field: getattr(script.ORDINARY, field) for field in script.ORDINARY.__dataclass_fields__}
    del ordinary["about"], ordinary["knob"]
    for name, row in script.SCRIPT.items():
        assert {field: getattr(row, field) for field in ordinary} != ordinary, name


def test_is_printed_whole_in_the_documentation() -> None:
    printed = re.search(r"<!-- models -->\n(.*)<!-- /models -->", PAGE.read_text(), re.DOTALL)
    assert printed is not None
    assert printed[1] == script.table(), "run: python -m inference.sandbox --list"
