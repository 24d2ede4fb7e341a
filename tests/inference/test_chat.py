"""The stream of a chat that did not end by itself."""

from uuid import UUID

import orjson

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.chat import CHAT, DONE, ChatVoice
from inference.errors import Failure
from inference.meter import Reading

TOLD = Told(UUID(int=5), "route/x", "p", 3, Reading(Counts(input=7, output=2), "counted"), cost=350)
BROKEN = Failure("PROVIDER_ERROR", "It broke off.")


def voice(**options: bool) -> ChatVoice:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    ask = CHAT.read(orjson.dumps({**body, "stream_options": options}))
    return CHAT.voice(ask, UUID(int=5), "route/x")


def test_tells_the_usage_to_who_asked_for_it() -> None:
    for closing in (voice(include_usage=True).killed(TOLD), voice(include_usage=True).broken(BROKEN, TOLD)):
        chunk = orjson.loads(closing.split(b"\n\n")[0].removeprefix(b"data: "))
        assert (chunk["choices"], chunk["usage"]["completion_tokens"]) == ([], 2)


def test_ends_with_its_marker_when_killed_and_with_an_error_when_broken() -> None:
    assert voice(include_usage=True).killed(TOLD).endswith(DONE)
    assert b"PROVIDER_ERROR" in voice(include_usage=True).broken(BROKEN, TOLD).split(b"\n\n")[1]
    assert voice().killed(TOLD) == voice(include_usage=True).killed() == DONE
    assert voice().broken(BROKEN, TOLD).startswith(b'data: {"error"')
    assert DONE not in voice(include_usage=True).broken(BROKEN, TOLD)
