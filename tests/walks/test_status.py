"""The public state of the service, its settings, and the feed of changes."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from catalog.models import Hop, Multiplier
from kernel import clock
from tests.fakes.cast import customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")


def get(gateway: Gateway, path: str, **headers: str) -> Told:
    return ask("GET", gateway.base_url + path, headers=headers)


def test_claims_no_health_that_nobody_measured(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "m"), tier="max", name="A Model")
    gateway.knows(who.secret, name)
    told = get(gateway, "/status")
    assert told.status == 200
    assert told.json.keys() == {"providers", "models", "incidents", "degraded", "last_updated"}
    (found,) = [found for found in told.json["models"] if found["id"] == name]
    provider = Hop.objects.get(chain__model__public_id=name).endpoint.provider.slug
    assert found == {"id": name, "name": "A Model", "provider": provider, "tier": "max", "status": "unknown"}
    assert {"name": provider, "status": "unknown", "latency_ms": None} in told.json["providers"]
    assert [incident for incident in told.json["incidents"] if incident["provider"] == provider] == []
    age = datetime.now(UTC) - datetime.fromisoformat(told.json["last_updated"])
    assert abs(age.total_seconds()) < 5


def test_names_no_provider_for_what_nobody_serves(gateway: Gateway) -> None:
    who, name = customer(), model()
    gateway.knows(who.secret, name)
    (found,) = [found for found in get(gateway, "/status").json["models"] if found["id"] == name]
    assert found["provider"] is None


@pytest.mark.parametrize("path", ["/status", "/settings", "/models.rss", "/models?use_rss=true"])
def test_is_for_anybody_but_not_for_a_bad_credential(gateway: Gateway, path: str) -> None:
    who = customer()
    gateway.knows(who.secret)
    nobody, somebody = get(gateway, path), get(gateway, path, **{"X-API-Key": who.secret})
    assert (nobody.status, nobody.headers["cache-control"]) == (200, "public, max-age=60")
    assert (somebody.status, somebody.headers["cache-control"]) == (200, "no-store")
    assert get(gateway, path, **{"X-API-Key": "rk_" + "0" * 64}).refusal == (401, "AUTHENTICATION_ERROR")


def test_settings_follow_the_platforms_factor(gateway: Gateway) -> None:
    assert get(gateway, "/settings").json == {"cost_multiplier": 1.0, "credit_unit": "1"}
    factor = Multiplier.objects.create(
        scope="platform", target="", factor_ppm=1_650_000, valid_from=clock.now(), reason="test"
    )
    try:
        gateway.eventually(lambda: get(gateway, "/settings").json["cost_multiplier"] == 1.65, within=3)
    finally:
        factor.delete()
    gateway.eventually(lambda: get(gateway, "/settings").json["cost_multiplier"] == 1.0, within=3)


@pytest.mark.parametrize("path", ["/models.rss", "/models?use_rss=true"])
def test_feed_tells_of_a_new_model_to_anybody(gateway: Gateway, sandbox: str, path: str) -> None:
    who = customer()
    name = model((sandbox, "m"), tier="max", name="R&D <one>", description="]]> & \x0b")
    gateway.knows(who.secret, name)
    told = get(gateway, path)
    assert told.headers["content-type"] == "application/rss+xml; charset=utf-8"
    channel = ElementTree.fromstring(told.body).find("channel")
    assert channel is not None
    titles = [item.findtext("title") for item in channel.iter("item")]
    assert f"Added: R&D <one> ({name})" in titles
    place = "http://{}:{}".format(*gateway.address)
    assert channel.findtext("link") == f"{place}/catalog/models"


def test_feed_takes_the_filters_of_the_list(gateway: Gateway, sandbox: str) -> None:
    who, name, other = customer(), model((sandbox, "m")), model((sandbox, "m"))
    gateway.knows(who.secret, name, other)
    root = ElementTree.fromstring(get(gateway, f"/models?use_rss=true&q={name}").body)
    assert [guid.text for guid in root.iter("guid")] == [f"{name} added"]


def test_feed_is_not_sent_twice_to_who_has_it(gateway: Gateway, sandbox: str) -> None:
    name = model((sandbox, "m"))
    gateway.knows(customer().secret, name)
    path = f"/models.rss?q={name}"
    tag = get(gateway, path).headers["etag"]
    assert get(gateway, path, **{"If-None-Match": tag}).status == 304


def test_feed_names_no_host_that_is_not_served(gateway: Gateway) -> None:
    told = get(gateway, "/models.rss", Host="evil.example")
    assert told.refusal == (400, "VALIDATION_ERROR")
    assert b"evil" not in told.body
