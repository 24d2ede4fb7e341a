"""What stands in front of the gateway: its bounds are above the gateway's own, and it holds nothing back."""

import re

from django.conf import settings

from config.operations import PATHS
from inference.routing import TOTAL_SECONDS
from tests.deploy.manifests import compose, containers, resources, seconds
from tests.house.test_rules import ROOT

CADDYFILE = (ROOT / "deploy/caddy/Caddyfile").read_text()
ANNOTATIONS = {
    name.rpartition("/")[2]: value
    for name, value in resources()["Ingress", "web"]["metadata"]["annotations"].items()
}


def said(name: str) -> str:
    """Return what the Caddyfile says of one directive. Raises AssertionError unless it says it once."""
    found = re.findall(rf"^\s*{name} (\S+)", CADDYFILE, re.MULTILINE)
    assert len(found) == 1, name
    return str(found[0])


def mebibytes(written: str) -> int:
    """Return a size such as 40MiB or 40m in bytes."""
    found = re.fullmatch(r"(\d+)(?:MiB|m)", written)
    assert found is not None
    return int(found[1]) * 2**20


def test_nothing_is_held_back() -> None:
    assert said("flush_interval") == "-1"
    assert "encode" not in CADDYFILE
    assert ANNOTATIONS["proxy-buffering"] == ANNOTATIONS["proxy-request-buffering"] == "off"


def test_bodies_are_refused_by_the_gateway_first() -> None:
    assert mebibytes(said("max_size")) > settings.MAX_BODY_BYTES
    assert mebibytes(ANNOTATIONS["proxy-body-size"]) > settings.MAX_BODY_BYTES


def test_patience_is_longer_than_the_longest_walk() -> None:
    assert seconds(said("response_header_timeout")) > TOTAL_SECONDS
    assert int(ANNOTATIONS["proxy-read-timeout"]) > TOTAL_SECONDS
    assert int(ANNOTATIONS["proxy-send-timeout"]) > TOTAL_SECONDS


def test_heads_are_bounded_and_answers_are_not() -> None:
    assert seconds(said("read_header")) > settings.HEADER_SECONDS
    assert not re.search(r"^\s*(?:read_body|write|read_timeout|write_timeout) ", CADDYFILE, re.MULTILINE)


def test_proxy_closes_idle_connections_before_the_gateway_does() -> None:
    assert seconds(said("keepalive")) < settings.KEEP_ALIVE_SECONDS


def test_nothing_is_sent_twice() -> None:
    assert "lb_retry_match" not in CADDYFILE
    assert ANNOTATIONS["proxy-next-upstream"] == "error"


def test_one_version_of_http_between_the_two() -> None:
    assert said("versions") == "1.1"
    assert ANNOTATIONS["proxy-http-version"] == "1.1"


def test_door_of_orchestrators_is_not_outside() -> None:
    inside = re.findall(r"^\s*@inside path (.+)$", CADDYFILE, re.MULTILINE)
    assert set(inside[0].split()) == PATHS
    assert re.search(r"^\s*respond @inside 404$", CADDYFILE, re.MULTILINE)


def test_proxy_finds_web_where_it_listens() -> None:
    command = compose()["services"]["web"]["command"]
    assert ["dynamic", "a", "web", command[-1]] == re.findall(r"dynamic a web \d+", CADDYFILE)[0].split()
    assert command[-1] == str(containers()["web/web"]["ports"][0]["containerPort"])


def test_its_own_end_waits_for_the_streams() -> None:
    waits = seconds(compose()["services"]["proxy"]["stop_grace_period"])
    assert settings.DRAIN_SECONDS < seconds(said("grace_period")) < waits
