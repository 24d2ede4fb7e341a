"""An upstream goes down: its model is moved to another by a new version of the chain, and back when it is up again."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from catalog.models import Chain
from tests.fakes import cast, chained
from tests.fakes.ports import free_port
from tests.fakes.upstream import sandbox_process
from tests.operator.stories.clerk import Clerk
from tests.operator.stories.place import Place, apart

pytestmark = pytest.mark.browser

SNAPSHOT_S = 2.5
"""After so long every process has a chain that was published."""


class Harbour:
    """An upstream that can go down, and come up at the same address."""

    def __init__(self) -> None:
        self._running = ExitStack()
        _, self.base_url = self._running.enter_context(sandbox_process(port=free_port()))

    def down(self) -> None:
        self._running.close()

    def up(self) -> None:
        self._running.enter_context(sandbox_process(port=urlsplit(self.base_url).port or 0))


@pytest.fixture
def harbour() -> Iterator[Harbour]:
    built = Harbour()
    yield built
    built.down()


def test_an_outage_is_got_round_by_a_chain_and_undone_after(
    clerk: Clerk, place: Place, harbour: Harbour
) -> None:
    customer = apart(cast.customer)
    model, quay = apart(lambda: served_by(harbour.base_url, place.sandbox))
    place.gateway.knows(customer.secret, model)
    harbour.down()
    heard = place.gateway.chat(customer.secret, model, max_tokens=20)
    assert heard.status in {502, 503}, heard.body
    see_it_fail(clerk, customer.workspace.slug, model)

    switch(clerk, model, quay)
    time.sleep(SNAPSHOT_S)
    assert version_that_serves(place, customer, model) == 2

    harbour.up()
    clerk.answer("Roll back", Why="the harbour is open again")
    clerk.hears("with the hops that were live before")
    time.sleep(SNAPSHOT_S)
    assert version_that_serves(place, customer, model) == 3
    states = apart(
        lambda: list(Chain.objects.filter(model__public_id=model).values_list("version", "status"))
    )
    assert sorted(states) == [(1, "retired"), (2, "retired"), (3, "live")]


def served_by(main: str, spare: str) -> tuple[str, str]:
    """Save a model that one upstream serves and a spare one could; return the model and the spare one's slug."""
    model = chained.model(tier="free", input_modalities=["text"])
    at = chained.endpoint(name="Harbour", url=main, private=True)
    chained.live(model, chained.hop(at, upstream_model="words"))
    other = chained.endpoint(name=f"Quay {model.pk}", url=spare, private=True)
    return model.public_id, other.provider.slug


def see_it_fail(clerk: Clerk, slug: str, model: str) -> None:
    clerk.go("Requests")
    clerk.look_for(slug)
    clerk.lists(model, "Failed 502")


def switch(clerk: Clerk, model: str, quay: str) -> None:
    clerk.go("Chains")
    clerk.look_for(model)
    clerk.open_first()
    clerk.answer("Draft a new version")
    clerk.hears("is a draft")
    clerk.pick("hops-0-endpoint", quay)
    clerk.save(and_go_on=True)
    clerk.answer("Publish", Why="the harbour is closed")
    clerk.hears("is live; the version before it is retired")


def version_that_serves(place: Place, customer: cast.Customer, model: str) -> int:
    """Ask once, and return the version of the chain that answered."""
    heard = place.gateway.chat(customer.secret, model, max_tokens=20)
    assert heard.status == 200, heard.body
    event = apart(lambda: customer.event(heard.headers["x-request-id"]))
    return int(apart(lambda: Chain.objects.get(pk=event["chain_id"])).version)
