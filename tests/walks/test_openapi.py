"""The OpenAPI document of /v1."""

import pytest

from tests.fakes.cast import customer
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def test_is_for_anybody_and_sent_again_only_if_it_changed(gateway: Gateway) -> None:
    url = f"{gateway.base_url}/openapi.json"
    first = ask("GET", url)
    assert (first.status, first.headers["cache-control"]) == (200, "public, max-age=60")
    assert first.json["openapi"] == "3.1.0"
    assert "/v1/chat/completions" in first.json["paths"]
    again = ask("GET", url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_is_not_shown_to_a_bad_credential_nor_kept_for_a_good_one(gateway: Gateway) -> None:
    url = f"{gateway.base_url}/openapi.json"
    named = ask("GET", url, headers={"X-API-Key": customer().secret})
    assert (named.status, named.headers["cache-control"]) == (200, "no-store")
    assert ask("GET", url, headers={"X-API-Key": "rk_nobody"}).refusal == (401, "AUTHENTICATION_ERROR")
