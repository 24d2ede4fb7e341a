"""What the hub remembers of a talk: only where a session is named, sealed, ten messages, an hour, until it is erased."""

from datetime import timedelta
from typing import Any

import pytest

from accounts import hub_sessions
from accounts.models import HubSession
from kernel import clock
from tests.fakes.cast import Customer, customer
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Answer, Close, answer, event, scripted, stream
from tests.walks.hub import asks, at, ready
from tests.walks.test_stream import delta

pytestmark = pytest.mark.usefixtures("committed")


def saying(text: str) -> Answer:
    return stream(event(delta(text)), event(delta("", finish_reason="stop")))


def whole(text: str) -> Answer:
    message = {"role": "assistant", "content": text}
    return answer({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def sessions(who: Customer) -> list[HubSession]:
    return list(HubSession.objects.filter(workspace=who.workspace))


def test_a_talk_goes_on_in_its_session(gateway: Gateway) -> None:
    with scripted(saying("Salve."), whole("Vale."), saying("Iterum.")) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        first = asks(gateway, who, "/chat", model=name, messages=user("Hello"), session_id="s", max_tokens=9)
        second = asks(
            gateway,
            who,
            "/chat",
            model=name,
            messages=user("Bye"),
            session_id="s",
            stream=False,
            max_tokens=9,
        )
        system = {"role": "system", "content": "Be short."}
        asks(
            gateway, who, "/code", model=name, messages=[system, *user("Again")], session_id="s", max_tokens=9
        )
        sent = [seen.json["messages"] for seen in upstream.seen]
    assert first.events[-1]["session_id"] == second.json["session_id"] == "s"
    said = [("user", "Hello"), ("assistant", "Salve."), ("user", "Bye"), ("assistant", "Vale.")]
    assert [[(each["role"], each["content"]) for each in messages] for messages in sent] == [
        said[:1],
        said[:3],
        [("system", "Be short."), *said, ("user", "Again")],
    ]


def test_nothing_is_kept_without_a_session(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    assert asks(gateway, who, "/chat", model=name).status == 200
    assert sessions(who) == []


def test_what_is_kept_is_sealed_and_ends_within_an_hour(gateway: Gateway) -> None:
    with scripted(saying("A secret of theirs.")) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        asks(gateway, who, "/chat", model=name, messages=user("Tell"), session_id="named", max_tokens=9)
    (row,) = sessions(who)
    kept = bytes(row.sealed) + bytes(row.digest)
    assert b"secret" not in kept
    assert b"named" not in kept
    assert clock.now() < row.expires_at <= clock.now() + timedelta(hours=1)


def test_calls_and_results_are_kept_and_at_most_ten_messages(gateway: Gateway) -> None:
    tool = {"name": "look", "input_schema": {"type": "object"}}
    call = {
        "index": 0,
        "id": "call_1",
        "function": {"name": "look", "arguments": '{"at":12345678901234567890}'},
    }
    calling = stream(
        event(delta("", delta={"tool_calls": [call]})), event(delta("", finish_reason="tool_calls"))
    )
    turns = [
        each for number in range(6) for each in (*user(f"q{number}"), {"role": "assistant", "content": "a"})
    ]
    with scripted(calling, saying("Seen."), saying("Last.")) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        asked: dict[str, Any] = {"model": name, "session_id": "s", "tools": [tool], "max_tokens": 9}
        asks(gateway, who, "/code", messages=[*turns, *user("Look")], **asked)
        result = [{"role": "tool", "tool_use_id": "call_1", "content": "blue"}]
        asks(gateway, who, "/code", messages=result, **asked)
        asks(gateway, who, "/code", messages=user("And?"), **asked)
        second, third = (seen.json["messages"] for seen in upstream.seen[1:])
    assert len(second) <= 11
    assert second[0]["content"] == "q2"
    assert second[-1] == {"role": "tool", "tool_call_id": "call_1", "content": "blue"}
    assert second[-2]["tool_calls"][0]["function"]["arguments"] == '{"at":12345678901234567890}'
    assert len(third) <= 11
    assert third[0]["role"] == "user"
    assert third[-1]["content"] == "And?"


def test_an_answer_that_broke_off_is_not_remembered(gateway: Gateway) -> None:
    with scripted((*stream(event(delta("Once")))[:-1], Close())) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        asks(gateway, who, "/chat", model=name, session_id="s", max_tokens=9)
    assert sessions(who) == []


def test_a_session_is_erased_and_is_nobody_elses(gateway: Gateway) -> None:
    with scripted(saying("Mine."), saying("Fresh."), saying("New.")) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        other = customer()
        gateway.knows(other.secret, name)
        asked: dict[str, Any] = {"model": name, "session_id": "a/b", "max_tokens": 9}
        asks(gateway, who, "/chat", messages=user("Mine?"), **asked)
        asks(gateway, other, "/chat", messages=user("Whose?"), **asked)
        assert [each["content"] for each in upstream.seen[1].json["messages"]] == ["Whose?"]
        strange = customer()
        for secret, path in ((strange.secret, "/sessions/a/b"), (who.secret, "/sessions/none")):
            told = at(gateway, path, "DELETE", **{"X-Api-Key": secret})
            assert told.refusal == (404, "NOT_FOUND")
        told = at(gateway, "/sessions/a/b", "DELETE", **{"X-Api-Key": who.secret})
        assert (told.status, told.json) == (200, {"session_id": "a/b", "deleted": True})
        asks(gateway, who, "/chat", messages=user("Still?"), **asked)
        assert [each["content"] for each in upstream.seen[2].json["messages"]] == ["Still?"]
    assert len(sessions(other)) == 1


def test_what_is_over_is_neither_read_nor_kept(gateway: Gateway) -> None:
    with scripted(saying("Once."), saying("Again.")) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        asked: dict[str, Any] = {"model": name, "session_id": "s", "max_tokens": 9}
        asks(gateway, who, "/chat", messages=user("One"), **asked)
        HubSession.objects.filter(workspace=who.workspace).update(expires_at=clock.now())
        assert at(gateway, "/sessions/s", "DELETE", **{"X-Api-Key": who.secret}).status == 404
        asks(gateway, who, "/chat", messages=user("Two"), **asked)
        assert [each["content"] for each in upstream.seen[1].json["messages"]] == ["Two"]
    HubSession.objects.filter(workspace=who.workspace).update(expires_at=clock.now())
    assert hub_sessions.forget() >= 1
    assert sessions(who) == []
