"""What a provider is told of who asks: the same of one workspace, never the same of two, never what was said to us."""

from typing import Any

import pytest

from accounts import provider_keys
from catalog.models import Provider
from inference.pseudonyms import stand_in
from tests.fakes.caller import call
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Scripted, answer, event, stream
from tests.walks.test_own_keys import GOOD, SECRET, owner

pytestmark = pytest.mark.usefixtures("committed")

NAMED = {"user": "ann", "safety_identifier": "ann", "prompt_cache_key": "talk-1", "session_id": "s-1"}
STREAMED = stream(
    event({"id": "x", "choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": "stop"}]}),
    event({"id": "x", "choices": [], "usage": GOOD["usage"]}),
    b"data: [DONE]\n\n",
)


def names(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body.get(name) for name in NAMED}


def told(who: Customer) -> dict[str, str]:
    return {name: stand_in(value, who.workspace.pk) for name, value in NAMED.items()}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
def test_two_workspaces_that_choose_the_same_names_are_two_for_the_provider(
    gateway: Gateway, streamed: bool
) -> None:
    script = STREAMED if streamed else answer(GOOD)
    upstream = Scripted((script, script))
    one, other, name = customer(), customer(), model((upstream.base_url, "m"))
    for who in (one, other):
        gateway.knows(who.secret, name)
        assert gateway.chat(who.secret, name, stream=streamed, **NAMED).status == 200
    upstream.close()
    assert [names(seen.json) for seen in upstream.seen] == [told(one), told(other)]
    assert not set(told(one).values()) & set(told(other).values())


def test_they_stay_the_same_when_a_request_goes_over_to_the_next_provider(gateway: Gateway) -> None:
    broken = answer({"error": {"message": "no"}}, status=500)
    first, second = Scripted((broken,)), Scripted((answer(GOOD),))
    who, name = customer(), model((first.base_url, "m"), (second.base_url, "m"))
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name, **NAMED).status == 200
    first.close()
    second.close()
    assert names(first.seen[-1].json) == names(second.seen[-1].json) == told(who)


def test_on_the_workspaces_own_key_its_names_go_as_they_came(gateway: Gateway) -> None:
    upstream = Scripted((answer(GOOD),))
    who, name = customer(), model((upstream.base_url, "m"))
    at = Provider.objects.get(endpoints__hops__chain__model__public_id=name)
    provider_keys.put(who.workspace, at, SECRET, by=owner())
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name, **NAMED).status == 200
    upstream.close()
    assert names(upstream.seen[-1].json) == NAMED


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/embeddings", {"input": "a"}, {"data": [{"index": 0, "object": "embedding", "embedding": [0.5]}]}),
        ("/completions", {"prompt": "a"}, GOOD),
        ("/responses", {"input": "a"}, GOOD),
        ("/messages", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 9}, GOOD),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whichever_dialect_is_spoken(
    gateway: Gateway, path: str, body: dict[str, Any], said: dict[str, Any]
) -> None:
    upstream = Scripted((answer({"usage": GOOD["usage"], **said}),))
    capability = "embedding" if path == "/embeddings" else "chat"
    who, name = customer(), model((upstream.base_url, "m"), capability=capability)
    gateway.knows(who.secret, name)
    given = {"metadata": {"user_id": "ann"}} if path == "/messages" else {"user": "ann"}
    heard = call(
        gateway.base_url,
        path,
        {"model": name, **body, **given},
        headers={"Authorization": f"Bearer {who.secret}"},
    )
    upstream.close()
    assert heard.status == 200, heard.body
    assert upstream.seen[-1].json["user"] == stand_in("ann", who.workspace.pk)
