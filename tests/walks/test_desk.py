"""The desk of /v1 answers as the inference door does: same styles, same headers, within its bounds."""

import pytest

from tests.fakes.cast import customer
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

KILL = "/user/streams/kill"


def test_knows_no_other_paths(gateway: Gateway) -> None:
    for path in ("/user/none", "/key/none", "/route/simulate/none", "/none", "/users"):
        told = ask("GET", gateway.base_url + path)
        assert told.refusal == (404, "NOT_FOUND"), path
        assert told.headers["content-type"].startswith("text/plain")
        assert told.headers["x-should-retry"] == "false"
        assert told.headers["x-request-id"] == told.headers["x-router-request-id"]


def test_refuses_a_wrong_method_in_the_callers_style(gateway: Gateway) -> None:
    told = ask("GET", gateway.base_url + KILL, headers={"Accept": "application/json"})
    assert told.refusal == (405, "METHOD_NOT_ALLOWED")
    assert told.headers["allow"] == "POST"
    assert told.json["error"]["type"] == "invalid_request_error"


def test_wants_a_credential(gateway: Gateway) -> None:
    told = ask("POST", gateway.base_url + KILL)
    assert told.refusal == (401, "AUTHENTICATION_ERROR")


def test_gives_any_page_leave_to_call(gateway: Gateway) -> None:
    told = ask("OPTIONS", gateway.base_url + KILL)
    assert (told.status, told.body) == (204, b"")
    assert told.headers["access-control-allow-origin"] == "*"
    assert "DELETE" in told.headers["access-control-allow-methods"]


def test_takes_at_most_a_mebibyte(gateway: Gateway) -> None:
    told = ask("POST", gateway.base_url + KILL, " " * 2**20)
    assert told.refusal == (413, "PAYLOAD_TOO_LARGE")


def test_says_that_its_answers_may_not_be_kept(gateway: Gateway) -> None:
    told = ask("POST", gateway.base_url + KILL, headers={"X-API-Key": customer().secret})
    assert (told.status, told.json) == (200, {"killed_streams": 0})
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["vary"] == "Authorization, X-API-Key, Cookie"
    assert told.headers["access-control-allow-origin"] == "*"
