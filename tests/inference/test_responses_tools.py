"""Tools of a response: how upstreams are offered them, and how their calls come back."""

import json
from typing import Any

import pytest

from inference.dialects.responses.tools import upstream_name
from tests.inference.spoken_responses import answered, asked

WEATHER = {"type": "function", "name": "weather", "description": "Weather.", "strict": True}
FIND = {"type": "function", "name": "find", "parameters": {"type": "object"}}
CRM = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [FIND]}
PATCH = {
    "type": "custom",
    "name": "patch",
    "description": "Patches.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /x/"},
}
SEARCH = {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}}


def offered(*tools: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    found = asked(tools=list(tools), **fields).chat.body.get("tools", [])
    assert all(tool["type"] == "function" for tool in found)
    return [tool["function"] for tool in found]


def back(
    tools: list[dict[str, Any]], name: str, arguments: str, finish: str = "tool_calls"
) -> dict[str, Any]:
    """The item that a model's call becomes."""
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
    (item,) = answered(asked(tools=tools), {"tool_calls": [call]}, finish)["output"]
    found: dict[str, Any] = item
    return found


def test_go_upstream_in_the_form_of_chats() -> None:
    empty = {"type": "object", "properties": {}}
    assert offered(WEATHER, CRM) == [
        {"name": "weather", "description": "Weather.", "strict": True, "parameters": empty},
        {"name": "crm__find", "parameters": {"type": "object"}},
    ]


def test_of_free_form_become_functions_of_one_text_that_tell_the_grammar() -> None:
    (function,) = offered(PATCH)
    assert function["parameters"]["required"] == ["input"]
    assert "lark grammar:\nstart: /x/" in function["parameters"]["properties"]["input"]["description"]


def test_that_only_openai_models_know_are_described() -> None:
    functions = offered({"type": "shell"}, {"type": "local_shell"}, {"type": "apply_patch"}, SEARCH)
    assert [each["name"] for each in functions] == ["shell", "local_shell", "apply_patch", "tool_search"]
    assert all(each["description"] and each["parameters"]["type"] == "object" for each in functions)


@pytest.mark.parametrize("outside", [True, False])
def test_that_codex_adds_to_search_the_web_are_passed_over(outside: bool) -> None:
    ask = asked(tools=[{"type": "web_search", "external_web_access": outside}, WEATHER])
    assert [tool["function"]["name"] for tool in ask.chat.body["tools"]] == ["weather"]
    assert ask.echo["tools"] == [WEATHER]


def test_that_items_bring_are_offered_too() -> None:
    item = {"type": "additional_tools", "role": "developer", "tools": [CRM, WEATHER]}
    functions = offered(WEATHER, input=[item, {"role": "user", "content": "Hi"}])
    assert [each["name"] for each in functions] == ["weather", "crm__find"]


def test_are_chosen_by_the_name_upstreams_know() -> None:
    tools = [WEATHER, CRM, PATCH, {"type": "apply_patch"}]
    for choice, name in (
        ({"type": "function", "name": "weather"}, "weather"),
        ({"type": "function", "name": "find"}, "crm__find"),
        ({"type": "custom", "name": "patch"}, "patch"),
        ({"type": "apply_patch"}, "apply_patch"),
    ):
        body = asked(tools=tools, tool_choice=choice).chat.body
        assert body["tool_choice"] == {"type": "function", "function": {"name": name}}


def test_are_offered_only_where_they_are_allowed() -> None:
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]}
    body = asked(tools=[WEATHER, PATCH], tool_choice=choice).chat.body
    assert body["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in body["tools"]] == ["patch"]


@pytest.mark.parametrize("called", ["crm__find", "find"])
def test_of_a_namespace_come_back_in_it(called: str) -> None:
    item = back([CRM], called, "{}")
    assert (item["type"], item["namespace"], item["name"]) == ("function_call", "crm", "find")


@pytest.mark.parametrize(
    ("tool", "arguments", "fields"),
    [
        (
            {"type": "shell"},
            {"commands": ["ls"], "timeout_ms": 5},
            {
                "type": "shell_call",
                "action": {"commands": ["ls"], "timeout_ms": 5, "max_output_length": None},
                "environment": {"type": "local"},
            },
        ),
        (
            {"type": "local_shell"},
            {"command": ["ls", "-l"], "working_directory": "/tmp"},
            {
                "type": "local_shell_call",
                "action": {
                    "type": "exec",
                    "command": ["ls", "-l"],
                    "env": {},
                    "timeout_ms": None,
                    "working_directory": "/tmp",
                    "user": None,
                },
            },
        ),
        (
            {"type": "apply_patch"},
            {"operation": {"type": "create_file", "path": "a", "diff": "+b"}},
            {
                "type": "apply_patch_call",
                "operation": {"type": "create_file", "path": "a", "diff": "+b"},
            },
        ),
        (
            SEARCH,
            {"query": "a"},
            {"type": "tool_search_call", "execution": "client", "arguments": {"query": "a"}},
        ),
    ],
)
def test_with_a_form_of_their_own_come_back_in_it(
    tool: dict[str, Any], arguments: dict[str, Any], fields: dict[str, Any]
) -> None:
    item = back([tool], tool["type"], json.dumps(arguments))
    del item["id"]
    assert item == {"call_id": "c", "status": "completed", **fields}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("shell", "rm -r"),
        ("shell", "[]"),
        ("shell", '{"commands": "ls"}'),
        ("local_shell", '{"command": [1]}'),
        ("apply_patch", '{"operation": {"type": "create_file", "path": "a"}}'),
        ("apply_patch", '{"operation": {"type": "move_file", "path": "a", "diff": ""}}'),
        ("apply_patch", '{"operation": {"type": "delete_file"}}'),
    ],
)
def test_called_with_something_else_come_back_as_functions_with_all_of_it(kind: str, arguments: str) -> None:
    item = back([{"type": kind}], kind, arguments)
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", kind, arguments)


def test_that_nobody_offered_come_back_as_they_were_called() -> None:
    item = back([WEATHER], "unknown", '{"a": 1}')
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", "unknown", '{"a": 1}')


def test_whose_call_was_cut_short_are_incomplete() -> None:
    item = back([WEATHER], "weather", '{"city": "Ro', "length")
    assert (item["status"], item["arguments"]) == ("incomplete", '{"city": "Ro')


def test_have_names_no_longer_than_functions_may_and_still_their_own() -> None:
    names = [upstream_name("n" * 40, "t" * 40 + end) for end in "ab"]
    assert all(len(name) == 64 for name in names)
    assert names[0] != names[1]
    assert upstream_name("mcp__", "find") == "mcp__find"
