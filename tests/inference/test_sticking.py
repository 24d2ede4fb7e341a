"""Where conversations are."""

from typing import Any

from inference import sticking
from inference.breaker import Place
from inference.sticking import Sticking, conversation

HERE, THERE = (1, "m"), (2, "m")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def name(*said: str, workspace_id: int = 1, model: str = "m", **fields: Any) -> str:
    roles = ("system", "user", "assistant", "user")
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    return conversation({"messages": messages, **fields}, workspace_id=workspace_id, model=model)


def test_a_conversation_is_known_by_its_beginning() -> None:
    assert name("Be brief.", "Hi") == name("Be brief.", "Hi", "Hello.", "And now?")
    others = [
        name("Be brief.", "Ho"),
        name("Be long.", "Hi"),
        name("Be brief.", "Hi", workspace_id=2),
        name("Be brief.", "Hi", model="n"),
        name("Be brief.Hi", ""),
    ]
    assert len({name("Be brief.", "Hi"), *others}) == 6


def test_or_by_what_its_caller_calls_it() -> None:
    assert name("a", "b", prompt_cache_key="k") == name("c", "d", prompt_cache_key="k", session_id="s")
    assert name("a", "b", session_id="s") == name("c", "d", session_id="s") != name("a", "b")
    assert name("a", "b", session_id=7) == name("a", "b")
    assert name("a", "b", session_id="s", workspace_id=2) != name("a", "b", session_id="s")


def test_it_is_remembered_for_an_hour_and_told() -> None:
    clock = Clock()
    told: list[tuple[str, Place]] = []
    kept = Sticking(clock=clock, moved=lambda *news: told.append(news))
    kept.went_to("t", HERE)
    kept.heard("u", THERE)
    assert (kept.place("t"), kept.place("u"), kept.place("v")) == (HERE, THERE, None)
    assert told == [("t", HERE)]
    clock.now += 3601
    assert kept.place("t") is None


def test_there_is_a_bound_to_what_is_remembered(monkeypatch: Any) -> None:
    monkeypatch.setattr(sticking, "MOST", 3)
    kept = Sticking()
    for number in range(4):
        kept.heard(str(number), HERE)
    assert [kept.place(str(number)) for number in range(4)] == [None, HERE, HERE, HERE]
