"""Every row of the tables of errors: of seed 001 as curl hears it, a code and a sentence; of seed 004 as its hub says it."""

from collections.abc import Callable

import pytest

from catalog.models import Provider
from tests.fakes.caller import Heard, call
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Close, Hang, Reset, event, scripted, stream
from tests.seeds.documents import facts
from tests.walks.hub import asks, at, ready
from tests.walks.test_stream import delta

pytestmark = pytest.mark.usefixtures("committed")
CURL = {"Accept": "*/*", "User-Agent": "curl/8.5.0"}


def unknown(gateway: Gateway, sandbox: str) -> Heard:
    return gateway.chat(customer().secret, "route/nothing-of-the-kind", headers=CURL)


def nobody(gateway: Gateway, sandbox: str) -> Heard:
    body = {"model": "route/any", "messages": [{"role": "user", "content": "Hi"}]}
    bad = ("X-API-Key", "rk_" + "0" * 64), ("Authorization", "Bearer a.b.c"), ("Cookie", "sessionid=x")
    heard = [call(gateway.base_url, "/chat/completions", body, headers={**CURL, name: value}) for name, value in bad]  # fmt: skip
    assert {each.status for each in heard} == {401}
    return heard[0]


def beyond(gateway: Gateway, sandbox: str) -> Heard:
    who, rich, name = customer(tiers=["free"]), customer(), model((sandbox, "words"), tier="premium")
    gateway.knows(rich.secret, name)
    return gateway.chat(who.secret, name, headers=CURL)


def used_up(gateway: Gateway, sandbox: str) -> Heard:
    who, name = customer(day_cap=1), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name, headers=CURL).status == 200
    return gateway.chat(who.secret, name, headers=CURL)


def failed(gateway: Gateway, sandbox: str) -> Heard:
    who = customer()
    with scripted(*[(Reset(),)] * 4) as one, scripted(*[(Close(),)] * 4) as other:
        name = model((one.base_url, "a"), (other.base_url, "b"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, headers=CURL)
    assert heard.headers["x-tollway-attempts"].count(":") >= 2
    return heard


def silent(gateway: Gateway, sandbox: str) -> Heard:
    who = customer()
    with scripted((Hang(),)) as one, scripted((Hang(),)) as other:
        name = model((one.base_url, "a"), (other.base_url, "b"), wait_seconds=1)
        gateway.knows(who.secret, name)
        return gateway.chat(who.secret, name, headers=CURL)


ROWS: dict[str, Callable[[Gateway, str], Heard]] = {
    "400 INVALID_MODEL": unknown,
    "401 AUTHENTICATION_ERROR": nobody,
    "403 MODEL_NOT_ALLOWED": beyond,
    "429 DAILY_REQUEST_LIMIT_EXCEEDED": used_up,
    "502 PROVIDER_ERROR": failed,
    "504 PROVIDER_TIMEOUT": silent,
}


def test_every_row_of_the_document_is_played() -> None:
    assert list(ROWS) == facts("001").errors


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_heard_as_plain_text(gateway: Gateway, sandbox: str, row: str) -> None:
    heard = ROWS[row](gateway, sandbox)
    assert f"{heard.status} {heard.headers['x-error-code']}" == row
    assert heard.headers["content-type"].startswith("text/plain")
    assert heard.body.decode().strip()
    assert not heard.body.startswith(b"{")


def test_a_stream_that_fails_says_so_in_a_line_of_data(gateway: Gateway) -> None:
    who = customer()
    with scripted(stream(event(delta("One")), Reset(), ended=False)) as upstream:
        name = model((upstream.base_url, "a"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=True, headers=CURL)
    error = heard.events[-1]["error"]
    assert (heard.status, error["type"]) == (200, "api_error")
    assert error["message"]
    assert "[DONE]" not in heard.data


def test_the_hub_says_who_may_not_come_in_and_what_broke_in_its_own_words(
    gateway: Gateway, sandbox: str
) -> None:
    missing, inner = facts("004").errors
    told = at(gateway, "/models")
    assert (told.status, missing) == (401, "401 Missing or invalid authentication")
    who, name = ready(gateway, (sandbox, "words"))
    # No form lets in headers that are a list; the gateway trips over them.
    Provider.objects.filter(endpoints__hops__chain__model__public_id=name).update(headers=["X-Region"])
    gateway.eventually(lambda: asks(gateway, who, "/chat", model=name).status == 500, within=5)
    heard = asks(gateway, who, "/chat", model=name)
    assert f"{heard.status} Internal server error" == inner
    assert heard.json["error"]["code"] == "INTERNAL_ERROR"
    assert b"Region" not in heard.body
    assert all(set(each["error"]) == {"code", "message"} for each in (told.json, heard.json))
