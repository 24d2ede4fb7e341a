"""A provider's own list of models: how it is asked for, and what keeps that bounded and safe."""

import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog import credentials
from catalog.models import Endpoint, EndpointKey, Provider
from catalog.proposals.comparisons import NotKnown
from inference import listing_upstream
from inference.listing_upstream import listed_upstream
from tests.fakes.ports import free_port
from tests.fakes.scripted import Answer, Hold, answer, scripted

pytestmark = pytest.mark.django_db

LIST = answer({"object": "list", "data": [{"id": "a"}, {"id": "b", "context_length": 9}]})


def provider(base_url: str, *, key: str | None = None, private: bool = True, **facts: Any) -> Provider:
    made = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name="House", private=private, **facts)
    endpoint = Endpoint.objects.create(
        provider=made, name="default", base_url=base_url, needs_credential=key is not None
    )
    if key is not None:
        credentials.store(endpoint, key)
    return made


def failure(asked: Provider) -> str:
    with pytest.raises(NotKnown) as caught:
        listed_upstream(asked)
    said = str(caught.value)
    assert said.startswith(f"{asked.slug}: ")
    return said.removeprefix(f"{asked.slug}: ")


def page(names: list[str], **marks: object) -> Answer:
    return answer({"data": [{"id": name} for name in names], **marks})


def test_is_asked_for_with_our_key_and_names_the_models() -> None:
    with scripted(LIST) as place:
        listing = listed_upstream(
            provider(place.base_url, key="sk-ours-123456", headers={"X-Title": "Tollway"})
        )
        (seen,) = place.seen
    assert (seen.method, seen.path, seen.body) == ("GET", "/v1/models", b"")
    assert seen.headers["authorization"] == "Bearer sk-ours-123456"
    assert (seen.headers["user-agent"], seen.headers["x-title"]) == ("tollway", "Tollway")
    assert seen.headers["accept-encoding"] == "identity"
    assert (list(listing.entries), listing.entries["b"].context) == (["a", "b"], 9)
    assert listing.entries["a"].evidence["page"] == f"{place.base_url}/models"


def test_of_anthropic_is_read_page_by_page() -> None:
    pages = page(["a"], has_more=True, last_id="a"), page(["b"], has_more=False, last_id="b")
    with scripted(*pages) as place:
        listing = listed_upstream(provider(place.base_url, key="sk-ant-123456", dialect="anthropic"))
        first, second = (parse_qs(urlsplit(seen.path).query) for seen in place.seen)
        assert place.seen[0].headers["x-api-key"] == "sk-ant-123456"
        assert "anthropic-version" in place.seen[0].headers
    assert (first, second) == ({"limit": ["1000"]}, {"limit": ["1000"], "after_id": ["a"]})
    assert list(listing.entries) == ["a", "b"]


def test_of_gemini_is_read_page_by_page() -> None:
    pages = (
        answer({"models": [{"name": "models/a"}], "nextPageToken": "t&1"}),
        answer({"models": [{"name": "models/b"}]}),
    )
    with scripted(*pages) as place:
        listing = listed_upstream(provider(place.base_url, key="AIza-123456789", dialect="gemini"))
        queries = [parse_qs(urlsplit(seen.path).query) for seen in place.seen]
        assert place.seen[0].headers["x-goog-api-key"] == "AIza-123456789"
    assert queries == [{"pageSize": ["1000"]}, {"pageSize": ["1000"], "pageToken": ["t&1"]}]
    assert list(listing.entries) == ["a", "b"]


def test_goes_on_for_few_pages_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_upstream, "MAX_PAGES", 3)
    with scripted(*[page([f"m{number}"], has_more=True, last_id="x") for number in range(3)]) as place:
        said = failure(provider(place.base_url, key="sk-ant-123456", dialect="anthropic"))
    assert said == "the list has more than 3 pages."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer({}, status=401), "the provider answered 401."),
        (answer({}, status=302, headers={"Location": "/elsewhere"}), "the provider answered 302."),
        (answer(b"<html>"), "the answer is no JSON."),
        (answer({"data": []}), "the list names no model."),
        (
            answer({"data": [{"id": f"m{number}"} for number in range(5_001)]}),
            "the answer lists more than 5,000 models.",
        ),
    ],
)
def test_is_no_list_where_the_answer_is_none(given: Answer, said: str) -> None:
    with scripted(given) as place:
        assert failure(provider(place.base_url)) == said


def test_is_read_to_its_bound_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_upstream, "MAX_BYTES", 2**20)
    with scripted(answer(b"[" + b" " * 2**21 + b"]")) as place:
        assert failure(provider(place.base_url)) == "the list has more than 1 MiB."


def test_is_waited_for_to_its_bound_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_upstream, "TOTAL_SECONDS", 0.3)
    held = Hold()
    with scripted((held,)) as place:
        began = time.monotonic()
        assert failure(provider(place.base_url)) == "no whole list came within 0 seconds."
        assert time.monotonic() - began < 3
        held.event.set()


def test_is_asked_for_only_where_calls_may_go() -> None:
    with scripted() as place:  # fails if it is asked
        asked = provider(place.base_url)
        Provider.objects.filter(pk=asked.pk).update(private=False)
        asked.refresh_from_db()
        assert failure(asked) == "its address must not be called."


def test_is_not_there_where_nobody_listens() -> None:
    assert failure(provider(f"http://127.0.0.1:{free_port()}/v1")) == "no connection."


def test_is_not_asked_for_without_an_address_or_a_key_that_may_be_sent() -> None:
    keyless = provider("http://127.0.0.1:9/v1", key="sk-ours-123456")
    Endpoint.objects.get(provider=keyless).keys.update(active=False)
    for asked in (keyless, provider("")):
        with pytest.raises(NotKnown, match="has no endpoint with an address and a key"):
            listed_upstream(asked)


def test_passes_over_a_key_that_cannot_be_opened() -> None:
    with scripted(LIST) as place:
        asked = provider(place.base_url)
        endpoint = Endpoint.objects.get(provider=asked)
        EndpointKey.objects.create(endpoint=endpoint, name="first", sealed=b"no seal of ours")
        credentials.store(endpoint, "sk-second-123456")
        listed_upstream(asked)
        assert place.seen[0].headers["authorization"] == "Bearer sk-second-123456"


def test_tells_no_key_and_no_address_when_it_fails() -> None:
    with scripted(answer({"error": "bad key sk-ours-123456"}, status=403)) as place:
        said = failure(provider(place.base_url, key="sk-ours-123456"))
    assert "sk-" not in said
    assert "127.0.0.1" not in said


def test_leaves_out_what_no_hop_could_hold_and_says_so() -> None:
    body = json.dumps({"data": [{"id": "a"}, {"id": "x" * 200}]}).encode()
    with scripted(answer(body)) as place:
        listing = listed_upstream(provider(place.base_url))
    assert (list(listing.entries), listing.notes) == (
        ["a"],
        ("1 entries of the list were left out: no id that a hop could hold",),
    )
