"""One model by itself: what it is, whether the caller may call it, and who serves it."""

import secrets

import openai
import pytest

from catalog import chains
from catalog.models import Endpoint, Hop, Model, Provider
from tests.fakes.cast import customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

SDK = {"Accept": "application/json"}


def get(gateway: Gateway, path: str, secret: str, **headers: str) -> Told:
    return ask("GET", f"{gateway.base_url}{path}", headers={"X-API-Key": secret, **headers})


def provider_of(name: str) -> Provider:
    return Provider.objects.get(endpoints__hops__chain__model__public_id=name)


@pytest.mark.parametrize(
    ("tier", "said"), [("free", "lite"), ("lite", "lite"), ("premium", "premium"), ("max", "premium")]
)
def test_says_what_the_model_is_and_who_serves_it(
    gateway: Gateway, sandbox: str, tier: str, said: str
) -> None:
    who, name = customer(), model((sandbox, "secret-upstream-name"), (sandbox, "other"), tier=tier)
    gateway.knows(who.secret, name)
    told = get(gateway, f"/models/{name}", who.secret)
    assert (told.status, told.headers["cache-control"]) == (200, "no-store")
    found = told.json
    assert (found["id"], found["object"], found["owned_by"]) == (name, "model", "test")
    assert (found["tier"], found["allowed"]) == (said, True)
    hops = Hop.objects.filter(chain__model__public_id=name).order_by("position")
    assert found["providers"] == [hop.endpoint.provider.slug for hop in hops]
    assert found["pricing"]["prompt"] == "0.00000200"
    assert b"secret-upstream-name" not in told.body
    assert sandbox.encode() not in told.body


def test_says_that_the_plan_does_not_include_it(gateway: Gateway, sandbox: str) -> None:
    who, rich, name = customer(tiers=["free"]), customer(), model((sandbox, "m"), tier="max")
    gateway.knows(rich.secret, name)
    assert get(gateway, f"/models/{name}", rich.secret).json["allowed"] is True
    found = get(gateway, f"/models/{name}", who.secret).json
    assert (found["allowed"], found["tier"]) == (False, "premium")


def test_says_that_the_key_does_not_include_it(gateway: Gateway, sandbox: str) -> None:
    who, name, other = customer(), model((sandbox, "m")), model((sandbox, "m"))
    who.key.allowed_models = [other]
    who.key.save()
    gateway.knows(who.secret, other)
    gateway.knows(customer().secret, name)
    assert get(gateway, f"/models/{name}", who.secret).json["allowed"] is False


def test_names_only_providers_that_the_plan_would_be_sent_to(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"), (sandbox, "m"), (sandbox, "m"))
    first, second, third = Hop.objects.filter(chain__model__public_id=name).order_by("position")
    Endpoint.objects.filter(pk=first.endpoint_id).update(needs_credential=True)
    draft = chains.draft_from(first.chain)
    Hop.objects.filter(chain=draft, position=second.position).update(plan_ranks_from=32_000)
    chains.publish(draft)
    gateway.knows(who.secret, name)
    providers = [third.endpoint.provider.slug]
    gateway.eventually(
        lambda: get(gateway, f"/models/{name}", who.secret).json["providers"] == providers, within=3
    )


def test_is_found_by_alias_and_without_route(gateway: Gateway, sandbox: str) -> None:
    alias = f"maker/{secrets.token_hex(6)}"
    who, name = customer(), model((sandbox, "m"), aliases=[alias])
    gateway.knows(who.secret, name)
    for spelt in (name, alias, name.removeprefix("route/")):
        assert get(gateway, f"/models/{spelt}", who.secret).json["id"] == name
        assert get(gateway, f"/models/{spelt}/endpoints", who.secret).json["data"]["id"] == name


def test_is_retrieved_by_the_sdk(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"))
    gateway.knows(who.secret, name)
    with openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0) as client:
        assert client.models.retrieve(name).id == name
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("route/none")


@pytest.mark.parametrize("headers", [{}, SDK, {"Accept": "text/event-stream"}, {"User-Agent": "openai/1"}])
@pytest.mark.parametrize("path", ["/models/route/none", "/models/none", "/models/route/none/endpoints"])
def test_of_an_unknown_model_is_one_sentence_in_every_style(
    gateway: Gateway, headers: dict[str, str], path: str
) -> None:
    who = customer()
    gateway.knows(who.secret)
    told = get(gateway, path, who.secret, **headers)
    assert told.refusal == (404, "NOT_FOUND")
    assert told.body == b'{"error":"Model not found"}'
    assert told.headers["content-type"] == "application/json"
    assert told.headers["x-should-retry"] == "false"
    assert told.headers["x-request-id"]


@pytest.mark.parametrize(
    "path", ["/models/route/none", "/models/route/none/endpoints", "/models/count", "/providers", "/pricing"]
)
def test_wants_a_good_credential(gateway: Gateway, path: str) -> None:
    for headers in ({}, {"X-API-Key": "rk_" + "0" * 64}):
        told = ask("GET", gateway.base_url + path, headers=headers)
        assert told.refusal == (401, "AUTHENTICATION_ERROR")
        assert ask("HEAD", gateway.base_url + path, headers=headers).status == 401


@pytest.mark.parametrize(
    "path", ["/models/count", "/models/{}", "/models/{}/endpoints", "/providers", "/pricing"]
)
def test_answers_head_and_is_not_sent_twice(gateway: Gateway, sandbox: str, path: str) -> None:
    who, name = customer(), model((sandbox, "m"))
    gateway.knows(who.secret, name)
    url, headers = gateway.base_url + path.format(name), {"X-API-Key": who.secret}
    head = ask("HEAD", url, headers=headers)
    assert (head.status, head.body) == (200, b"")
    told = ask("GET", url, headers={**headers, "If-None-Match": head.headers["etag"]})
    assert (told.status, told.body) == (304, b"")


def test_shows_its_endpoints_without_what_is_unmeasured(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "secret-upstream-name"), supported_parameters=["tools"])
    provider = provider_of(name)
    provider.name = "Some House"
    provider.save()
    gateway.knows(who.secret, name)
    told = get(gateway, f"/models/{name}/endpoints", who.secret)
    data = told.json["data"]
    (endpoint,) = data["endpoints"]
    assert data["id"] == name
    assert (endpoint["provider_name"], endpoint["tag"]) == ("Some House", provider.slug)
    assert (endpoint["context_length"], endpoint["max_completion_tokens"]) == (131_072, 8_192)
    assert (endpoint["status"], endpoint["supported_parameters"]) == (0, ["tools"])
    assert endpoint["pricing"]["completion"] == "0.00000800"
    unmeasured = [word for word in endpoint if word.startswith(("uptime", "latency", "throughput"))]
    assert len(unmeasured) == 5
    assert {endpoint[word] for word in unmeasured} == {None}
    assert b"secret-upstream-name" not in told.body
    assert sandbox.encode() not in told.body


def test_lists_the_providers_that_serve_something(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"))
    provider = provider_of(name)
    provider.name, provider.status_page_url = "House", "https://status.example"
    provider.save()
    idle = Provider.objects.create(slug=f"idle-{secrets.token_hex(4)}", name="Idle")
    gateway.knows(who.secret, name)
    found = {row["slug"]: row for row in get(gateway, "/providers", who.secret).json["data"]}
    assert idle.slug not in found
    row = found[provider.slug]
    assert (row["name"], row["status_page_url"]) == ("House", "https://status.example")


def test_follows_a_change_within_seconds(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"))
    gateway.knows(who.secret, name)
    Model.objects.filter(public_id=name).update(expires_on="2032-01-01")
    gateway.eventually(
        lambda: get(gateway, f"/models/{name}", who.secret).json["expiration_date"] == "2032-01-01", within=3
    )
