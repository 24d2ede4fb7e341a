"""Thinking is asked for in three ways and written in four."""

from typing import Any

import pytest

from inference.errors import Failure
from inference.reasoning import Wanted, asked, written

LOW: dict[str, Any] = {"reasoning_effort": "low"}
OFF: dict[str, Any] = {"thinking": {"type": "disabled"}}
BUDGET: dict[str, Any] = {"thinking": {"type": "enabled", "budget_tokens": 9000}}
ROUTER: dict[str, Any] = {"reasoning": {"effort": "medium", "exclude": True}}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, None),
        ({"reasoning_effort": None, "thinking": None}, None),
        (LOW, Wanted(True, effort="low")),
        ({"reasoning_effort": "none"}, Wanted(False)),
        (OFF, Wanted(False)),
        ({"thinking": {"type": "adaptive"}}, Wanted(True)),
        (BUDGET, Wanted(True, budget=9000)),
        (ROUTER, Wanted(True, effort="medium")),
        ({"reasoning": {"max_tokens": 5}}, Wanted(True, budget=5)),
        ({"reasoning": {"enabled": False, "effort": "high"}}, Wanted(False)),
        ({"reasoning": {}}, Wanted(True)),
        ({**LOW, **BUDGET}, Wanted(True, effort="low")),
    ],
)
def test_is_read(body: dict[str, Any], wanted: Wanted | None) -> None:
    assert asked(body) == wanted


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"reasoning_effort": "lots"}, "reasoning_effort"),
        ({"reasoning_effort": 5}, "reasoning_effort"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"effort": "lots"}}, "reasoning.effort"),
        ({"reasoning": {"effort": "lots", "max_tokens": 9}}, "reasoning.effort"),
        ({"reasoning": {"enabled": "yes"}}, "reasoning.enabled"),
        ({"reasoning": {"max_tokens": 0}}, "reasoning.max_tokens"),
        ({"thinking": True}, "thinking"),
        ({"thinking": {"type": "on"}}, "thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": "9"}}, "thinking.budget_tokens"),
        ({**LOW, **OFF}, "reasoning_effort and thinking"),
    ],
)
def test_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(Failure) as refused:
        asked(body)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)


@pytest.mark.parametrize(
    ("body", "style", "fields"),
    [
        (LOW, "reasoning", {"reasoning": {"effort": "low"}}),
        (LOW, "thinking", {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (LOW, "enable_thinking", {"enable_thinking": True, "thinking_budget": 2000}),
        (LOW, "none", {}),
        (OFF, "effort", {"reasoning_effort": "none"}),
        (OFF, "reasoning", {"reasoning": {"enabled": False}}),
        (OFF, "enable_thinking", {"enable_thinking": False}),
        (BUDGET, "effort", {"reasoning_effort": "high"}),
        (BUDGET, "reasoning", {"reasoning": {"max_tokens": 9000}}),
        (ROUTER, "effort", {"reasoning_effort": "medium"}),
        ({"reasoning": {"max_tokens": 10**6}}, "effort", {"reasoning_effort": "max"}),
        ({"reasoning": {}}, "effort", {}),
        ({"thinking": {"type": "adaptive"}}, "reasoning", {"reasoning": {"enabled": True}}),
        ({"reasoning": {}}, "thinking", {"thinking": {"type": "enabled"}}),
        ({**LOW, **BUDGET}, "effort", {"reasoning_effort": "low"}),
    ],
)
def test_is_written_as_the_upstream_reads_it(
    body: dict[str, Any], style: str, fields: dict[str, Any]
) -> None:
    assert written({"model": "m", **body}, style) == {"model": "m", **fields}


@pytest.mark.parametrize(
    ("body", "style"), [(LOW, "effort"), (ROUTER, "reasoning"), (BUDGET, "thinking"), ({}, "none")]
)
def test_is_left_alone_in_the_upstreams_own_words(body: dict[str, Any], style: str) -> None:
    assert written(body, style) is body
