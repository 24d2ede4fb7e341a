"""Responses that do not come to be: refused, failed, broken off, ended, or asked for again."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.resources.responses import Responses

from tests.fakes.caller import call, get
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.walks.responding import last, respond, sdk

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({"model": "route/none"}, openai.BadRequestError, "model_not_found"),
        ({"previous_response_id": "resp_1"}, openai.BadRequestError, "VALIDATION_ERROR"),
        ({"max_output_tokens": 0}, openai.BadRequestError, "VALIDATION_ERROR"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_that_is_wrong_is_refused_as_the_client_expects(
    gateway: Gateway,
    sandbox: str,
    fields: dict[str, Any],
    error: type[openai.APIStatusError],
    code: str,
    streaming: bool,
) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    wanted = {"model": name, "input": "Hi", "stream": streaming, **fields}
    with sdk(gateway, who) as client, pytest.raises(error) as caught:
        client.responses.create(**wanted)
    assert caught.value.code == code
    assert caught.value.param == next(iter(fields))
    assert caught.value.request_id
    assert who.events() == []


def test_of_nobody_is_refused(gateway: Gateway) -> None:
    nobody = openai.OpenAI(base_url=gateway.base_url, api_key="rk_" + "0" * 64, max_retries=0)
    with nobody as client, pytest.raises(openai.AuthenticationError):
        client.responses.create(model="route/m", input="Hi")


def test_whose_upstream_fails_is_an_error_of_the_server(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client, pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(model=name, input="Hi")
    assert (caught.value.status_code, caught.value.code) == (502, "PROVIDER_ERROR")


def test_that_breaks_off_raises_and_charges_what_came(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "cut-stream"))
    gateway.knows(who.secret, name)
    with (
        sdk(gateway, who) as client,
        client.responses.stream(model=name, input="Hi") as events,
        pytest.raises(openai.APIError) as caught,
    ):
        events.until_done()
    assert caught.value.code == "PROVIDER_ERROR"
    (booked,) = who.events()
    assert booked["status"] == "upstream_cut"
    assert booked["cost"] > 0


def test_is_kept_alive_while_nothing_comes(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "stall-2"), wait_seconds=12)
    gateway.knows(who.secret, name)
    heard = respond(gateway, who.secret, model=name, stream=True)
    assert b"\n\n: keep-alive\n\n" in heard.body
    assert last(heard)["type"] == "response.failed"


def test_that_is_killed_ends_incomplete(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "slow"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        events = client.responses.create(model=name, input="Hi", stream=True)
        next(each for each in events if each.type == "response.output_text.delta")
        killed = call(gateway.base_url, "/user/streams/kill", {}, headers={"X-API-Key": who.secret})
        *_, end = events
    assert killed.json == {"killed_streams": 1}
    assert end.type == "response.incomplete"
    assert end.response.incomplete_details is not None
    assert end.response.incomplete_details.to_dict() == {"reason": "killed"}
    (booked,) = who.events()
    assert (booked["status"], booked["cost"] > 0) == ("killed", True)


@pytest.mark.parametrize(
    "use",
    [
        lambda responses: responses.retrieve("resp_1"),
        lambda responses: responses.delete("resp_1"),
        lambda responses: responses.cancel("resp_1"),
        lambda responses: responses.input_items.list("resp_1"),
        lambda responses: responses.compact(model="route/m"),
    ],
    ids=["retrieve", "delete", "cancel", "input_items", "compact"],
)
def test_is_not_kept(gateway: Gateway, use: Callable[[Responses], object]) -> None:
    with sdk(gateway, customer()) as client, pytest.raises(openai.NotFoundError) as caught:
        use(client.responses)
    assert caught.value.code == "NOT_FOUND"


def test_is_not_told_to_nobody_to_be_missing(gateway: Gateway) -> None:
    assert get(gateway.base_url + "/responses/resp_1").status == 401
