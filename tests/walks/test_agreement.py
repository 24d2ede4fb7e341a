"""What the simulator foretells is what the walk does: a thousand cases drawn by seed."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest
from django.db import connection

from catalog.models import Endpoint, Multiplier
from kernel import clock
from tests.fakes.cast import Customer, customer, model
from tests.fakes.desk import ask
from tests.fakes.gateway import Gateway

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(600)]

GROUPS, CASES = 20, 50
MODELS = 3
# None that asks to wait: its second may end between the two calls of a case.
UPSTREAMS = ("words", "words", "error-500", "error-503", "error-401", "error-402", "error-400", "html")
ENDS = ("ok", "status_400")


def slugs(name: str) -> list[str]:
    hops = Endpoint.objects.filter(hops__chain__model__public_id=name).order_by("hops__position")
    return list(hops.values_list("provider__slug", flat=True))


def house(sandbox: str, draw: random.Random) -> dict[str, list[str]]:
    """Save some models with chains of failing and working upstreams; return the providers of each."""
    names = [
        model(*((sandbox, draw.choice(UPSTREAMS)) for _ in range(draw.randint(1, 4)))) for _ in range(MODELS)
    ]
    chains = {name: slugs(name) for name in names}
    for slug in chain.from_iterable(chains.values()):
        if draw.random() < 0.3:
            Multiplier.objects.create(
                scope="provider",
                target=slug,
                factor_ppm=draw.randint(1, 30) * 100_000,
                valid_from=clock.now(),
                reason="test",
            )
    return chains


def wishes(draw: random.Random, chains: dict[str, list[str]]) -> dict[str, Any]:
    """Return the fields of a case: any model of the house, and any wishes about it."""
    names = list(chains)
    everybody = [*chain.from_iterable(chains.values()), "nobody"]

    def some() -> list[str]:
        return draw.sample(everybody, draw.randint(1, 3))

    drawn: dict[str, Callable[[], Any]] = {
        "order": some,
        "only": some,
        "ignore": some,
        "allow_fallbacks": lambda: draw.random() < 0.5,
        "sort": lambda: draw.choice(["price", "latency", "throughput"]),
        "max_price": lambda: {"prompt": draw.randint(0, 4), "completion": draw.randint(0, 20)},
    }
    chosen = draw.sample(sorted(drawn), draw.choice([0, 0, 1, 1, 2, 3]))
    fields: dict[str, Any] = {
        "model": draw.choice(names) + draw.choice(["", "", "", ":floor", ":nitro"]),
        "messages": [{"role": "user", "content": f"Talk {draw.randint(1, 5)}."}],
        "max_tokens": 3,
        "stream": draw.random() < 0.5,
    }
    if chosen:
        fields["provider"] = {name: drawn[name]() for name in chosen}
    if draw.random() < 0.3:
        fields["models"] = draw.sample(names, draw.randint(1, 2))
    return fields


def foretold(told: dict[str, Any]) -> list[str]:
    return [
        f"{hop['provider_name']}:open" if hop["left_alone"] else hop["provider_name"] for hop in told["hops"]
    ]


def agrees(gateway: Gateway, who: Customer, fields: dict[str, Any]) -> str:
    """Ask the simulator, then do it; return what they disagree on, nothing if they agree."""
    told = ask(gateway, who.secret, "/route/simulate", fields).data
    heard = gateway.chat(who.secret, **{**fields, "headers": {"Accept": "application/json"}})
    if told["refusal"] is not None:
        said = (heard.status, heard.headers.get("x-error-code"))
        return "" if told["refusal"]["code"] == said[1] and said[0] < 500 else f"{told['refusal']} but {said}"
    tried = heard.headers["x-tollway-attempts"].split(",") if heard.headers["x-tollway-attempts"] else []
    expected = foretold(told)
    for place, attempt in zip(expected, tried, strict=False):
        if not attempt.startswith(place):
            return f"{expected} but {tried}"
        if attempt.endswith(ENDS):
            return ""
    return "" if len(tried) >= len(expected) else f"{expected} but only {tried}"


def play(gateway: Gateway, who: Customer, chains: dict[str, list[str]], seed: int) -> list[str]:
    draw = random.Random(seed)
    try:
        cases = [wishes(draw, chains) for _ in range(CASES)]
        return [
            f"seed {seed}: {fields}: {said}" for fields in cases if (said := agrees(gateway, who, fields))
        ]
    finally:
        connection.close()


def test_the_simulator_and_the_walk_agree(gateway: Gateway, sandbox: str) -> None:
    who = customer(credit_usd="1000")
    houses = [house(sandbox, random.Random(seed)) for seed in range(GROUPS)]
    gateway.knows(who.secret, *(name for chains in houses for name in chains))
    with ThreadPoolExecutor(4) as pool:
        played = [pool.submit(play, gateway, who, chains, seed) for seed, chains in enumerate(houses)]
        disagreements = [said for each in played for said in each.result()]
    assert disagreements == []
