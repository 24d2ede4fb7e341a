"""Calls through the gateway go out with our keys in turn, with a customer's own key, and to guarded addresses only."""

import pytest

from accounts import provider_keys
from catalog import endpoint_keys
from catalog.models import Endpoint, EndpointKey, Multiplier, Provider
from kernel import clock
from tests.accounts.rows import person
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Scripted, answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

GOOD = answer(
    {
        "id": "x",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
    }
)
REFUSED = answer({"error": {"message": "Incorrect API key provided: sk-ours-a"}}, status=401)


def endpoint_of(name: str) -> Endpoint:
    return Endpoint.objects.select_related("provider").get(hops__chain__model__public_id=name)


def give(name: str, *secrets: str) -> None:
    """Give the one endpoint of a model keys of ours."""
    for secret in secrets:
        key = EndpointKey(endpoint=endpoint_of(name), name=secret)
        endpoint_keys.put_secret(key, secret)
        key.save()


def loaded(gateway: Gateway, who: Customer) -> None:
    """Wait until the gateway has a catalogue of now: it has every model that was there before."""
    gateway.knows(who.secret, model(("http://127.0.0.1:9/v1", "m")))


def sent(upstream: Scripted) -> list[str]:
    return [seen.headers["authorization"].removeprefix("Bearer ") for seen in upstream.seen]


def test_another_key_of_ours_answers_for_one_that_is_refused(gateway: Gateway) -> None:
    with scripted(REFUSED, GOOD, GOOD) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        give(name, "sk-ours-a", "sk-ours-b")
        loaded(gateway, who)
        heard = [gateway.chat(who.secret, name) for _ in range(2)]
        assert [each.status for each in heard] == [200, 200]
        assert sent(upstream) == ["sk-ours-a", "sk-ours-b", "sk-ours-b"]
    assert heard[0].headers["x-tollway-attempts"].endswith(":ok")
    assert [event["attempts"] for event in who.events()] == [1, 1]


def test_no_word_of_a_refused_key_reaches_the_caller(gateway: Gateway) -> None:
    with scripted(REFUSED) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        give(name, "sk-ours-a")
        loaded(gateway, who)
        heard = gateway.chat(who.secret, name)
        assert len(upstream.seen) == 1  # the second pass finds the key at rest
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    assert "sk-ours" not in heard.body.decode() + str(heard.headers)
    slug = endpoint_of(name).provider.slug
    assert heard.headers["x-tollway-attempts"] == f"{slug}:status_401,{slug}:keys_aside"


def test_a_customers_own_key_is_used_and_priced_as_such(gateway: Gateway) -> None:
    with scripted(GOOD, GOOD) as upstream:
        who, other, name = customer(), customer(), model((upstream.base_url, "m"))
        give(name, "sk-ours-a")
        provider = endpoint_of(name).provider
        factor = Multiplier.objects.create(
            scope="byok", target=provider.slug, factor_ppm=50_000, valid_from=clock.now(), reason="test"
        )
        provider_keys.put(who.workspace, provider, "sk-own", by=person(who.workspace))
        loaded(gateway, other)
        gateway.knows(who.secret, name)
        assert gateway.chat(who.secret, name).status == 200
        assert gateway.chat(other.secret, name).status == 200
        assert sent(upstream) == ["sk-own", "sk-ours-a"]
    ((own,), (ours,)) = who.events(), other.events()
    assert (own["multipliers"], ours["multipliers"]) == (f"{factor.pk}:50000", "")
    assert own["cost"] * 20 == ours["cost"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_inner_address_is_not_called_for_a_provider_that_is_not_private(
    gateway: Gateway, stream: bool
) -> None:
    with scripted() as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        provider = endpoint_of(name).provider
        Provider.objects.filter(pk=provider.pk).update(private=False)
        loaded(gateway, who)
        heard = gateway.chat(who.secret, name, stream=stream)
        assert not upstream.seen
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    assert f"{provider.slug}:refused_address" in heard.headers["x-tollway-attempts"]
    assert "127.0.0.1" not in heard.body.decode() + str(heard.headers)
