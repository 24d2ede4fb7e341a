"""The management API over TCP, at its door: what is refused before any route is asked is refused as routes refuse."""

import pytest

from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

FAR_TOO_LONG = 5 * 2**20


@pytest.mark.parametrize("path", ["/api/keys", "/api/none", "/auth/login"])
def test_a_body_that_is_too_long_is_refused_in_json(gateway: Gateway, path: str) -> None:
    told = ask("POST", gateway.base_url.removesuffix("/v1") + path, "x" * FAR_TOO_LONG)
    assert told.refusal == (413, "PAYLOAD_TOO_LARGE")
    assert (told.headers["content-type"], told.headers["cache-control"]) == ("application/json", "no-store")
    assert told.json["code"] == "PAYLOAD_TOO_LARGE"
    assert set(told.json) == {"detail", "code"}


def test_a_page_refuses_it_in_words(gateway: Gateway) -> None:
    told = ask("POST", gateway.base_url.removesuffix("/v1") + "/accounts/login/", "x" * FAR_TOO_LONG)
    assert (told.status, told.headers["content-type"]) == (413, "text/plain; charset=utf-8")
