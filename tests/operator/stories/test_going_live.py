"""A new provider and a new model, live in one sitting: entered page by page, published, and called by a customer."""

import secrets

import pytest

from kernel import clock
from tests.fakes import cast
from tests.operator.stories.clerk import Clerk
from tests.operator.stories.place import Place, apart

pytestmark = pytest.mark.browser


def test_a_provider_and_a_model_are_entered_published_and_sold(clerk: Clerk, place: Place) -> None:
    customer, mark = apart(cast.customer), secrets.token_hex(3)
    provider, model = f"Harbour {mark}", f"route/harbour-{mark}"
    enter_provider(clerk, provider, place.sandbox)
    enter_model(clerk, model)
    enter_price(clerk, model)
    publish_chain(clerk, model, provider)

    place.gateway.knows(customer.secret, model)
    heard = place.gateway.chat(customer.secret, model, max_tokens=20)
    assert heard.status == 200, heard.body
    event = apart(lambda: customer.event(heard.headers["x-request-id"]))
    assert event["output_tokens"] > 0
    # USD 3 and 15 per million tokens are 3,000 and 15,000 nano-USD for one.
    assert event["cost"] == event["input_tokens"] * 3_000 + event["output_tokens"] * 15_000
    clerk.go("Requests")
    clerk.look_for(customer.workspace.slug)
    clerk.lists(model, provider)


def slug_of(provider: str) -> str:
    return provider.lower().replace(" ", "-")


def enter_provider(clerk: Clerk, provider: str, sandbox: str) -> None:
    clerk.go("Upstreams")
    clerk.add()
    clerk.fill(Name=provider, Slug=slug_of(provider), Private="yes")
    clerk.save()
    clerk.go("Upstreams", "Endpoints")
    clerk.add()
    clerk.pick("provider", provider)
    clerk.fill(Name="default", Base_url=sandbox)
    clerk.fill_row("keys", 0, name="ours", secret="sk-harbour-0123456789")
    clerk.save()


def enter_model(clerk: Clerk, model: str) -> None:
    clerk.go("Models")
    clerk.add()
    clerk.fill(Public_id=model, Name="Harbour Large", Author="harbour", Tier="lite")
    clerk.fill(Context_length="131072", Max_output_tokens="8192", Supported_parameters="max_tokens")
    clerk.fill(Input_modalities="text", Output_modalities="text")
    clerk.fill_moment("created_at", clock.now())
    clerk.save()


def enter_price(clerk: Clerk, model: str) -> None:
    clerk.go("Price book")
    clerk.add()
    clerk.pick("model", model)
    clerk.fill(Source="their price list")
    clerk.fill_moment("valid_from", clock.now().replace(hour=0, minute=0, second=0))
    clerk.fill_row("rates", 0, token_class="input", price="3")
    clerk.fill_row("rates", 1, token_class="output", price="15")
    clerk.save()


def publish_chain(clerk: Clerk, model: str, provider: str) -> None:
    clerk.go("Chains")
    clerk.add()
    clerk.pick("model", model)
    clerk.fill_row("hops", 0, upstream_model="words")
    clerk.pick("hops-0-endpoint", slug_of(provider))
    clerk.save(and_go_on=True)
    clerk.answer("Publish", Why="its first version")
    clerk.hears("is live")
