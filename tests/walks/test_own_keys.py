"""Calls on a workspace's own key at a provider."""

import secrets

import pytest

from accounts import provider_keys
from accounts.models import User
from catalog.models import Multiplier, Provider
from kernel import clock
from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Answer, Scripted, answer

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "sk-own-1234567890abcdef"
GOOD = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 4},
}


def owner() -> User:
    return User.objects.create_user(f"{secrets.token_hex(6)}@example.com", "x")


def provider(name: str, position: int = 0) -> Provider:
    return Provider.objects.get(
        endpoints__hops__chain__model__public_id=name, endpoints__hops__position=position
    )


def house(*answers: Answer) -> Scripted:
    return Scripted(answers)


def equipped(who: Customer, name: str, position: int = 0) -> None:
    provider_keys.put(who.workspace, provider(name, position), SECRET, by=owner())


def test_go_out_with_it_are_tried_first_and_cost_what_the_multiplier_says(gateway: Gateway) -> None:
    ours, theirs = house(), house(answer(GOOD), answer(GOOD))
    who, name = customer(credit_usd="1"), model((ours.base_url, "m"), (theirs.base_url, "m"))
    equipped(who, name, 1)
    Multiplier.objects.get_or_create(
        scope="byok", target="", defaults={"factor_ppm": 0, "valid_from": clock.now(), "reason": "test"}
    )
    gateway.knows(who.secret, name)
    assert gateway.chat(who.secret, name).status == 200
    Multiplier.objects.create(
        scope="byok",
        target=provider(name, 1).slug,
        factor_ppm=50_000,
        valid_from=clock.now(),
        reason="test",
    )

    def fee() -> bool:
        theirs.add(answer(GOOD))
        return bool(gateway.chat(who.secret, name).status == 200 and who.events()[-1]["cost"])

    gateway.eventually(fee, within=5)
    ours.close()
    theirs.close()
    first, *_, last = who.events()
    assert (first["cost"], first["provider_cost"]) == (0, 0)
    assert last["cost"] == (10 * 2000 + 4 * 8000) * 5 // 100
    assert ours.seen == []
    assert {seen.headers["authorization"] for seen in theirs.seen} == {f"Bearer {SECRET}"}


def test_go_on_to_ours_at_our_price_where_the_own_key_is_refused(gateway: Gateway) -> None:
    ours, theirs = house(answer(GOOD)), house(answer({"error": {"message": "no"}}, status=401))
    who, name = customer(), model((ours.base_url, "m"), (theirs.base_url, "m"))
    equipped(who, name, 1)
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    ours.close()
    theirs.close()
    assert (heard.status, heard.headers["x-router-fallback"]) == (200, "true")
    assert who.events()[-1]["cost"] == 10 * 2000 + 4 * 8000
    assert SECRET not in heard.raw.decode()
    assert "authorization" not in ours.seen[0].headers


def test_are_of_that_workspace_alone(gateway: Gateway) -> None:
    theirs = house(answer(GOOD))
    who, other, name = customer(), customer(), model((theirs.base_url, "m"))
    equipped(who, name)
    gateway.knows(other.secret, name)
    assert gateway.chat(other.secret, name).status == 200
    theirs.close()
    assert "authorization" not in theirs.seen[0].headers
    assert other.events()[-1]["cost"] > 0
