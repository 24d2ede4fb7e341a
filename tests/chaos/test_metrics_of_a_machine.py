"""Metrics of a machine: a scrape meets one process by chance, and what it reads must not depend on which."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.exchange import ask

from .town import Town

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120), pytest.mark.usefixtures("committed")]


def test_any_process_tells_of_all(town: Town) -> None:
    one, other = town.gateways
    who, _ = town.known("words")

    def said(name: str, **labels: str) -> float | None:
        body = ask("GET", one.base_url.removesuffix("/v1") + "/metrics").body.decode()
        for family in text_string_to_metric_families(body):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return None

    refused = other.chat(who.secret, "no/such-model")
    assert refused.headers["x-error-code"] == "INVALID_MODEL"
    pid = str(other.process.pid)
    one.eventually(
        lambda: said("tollway_refusals_total", process=pid, code="INVALID_MODEL") == 1.0, within=30
    )
    assert said("tollway_open_requests", process=str(one.process.pid)) == 0.0
    assert said("tollway_open_streams", process=pid) == 0.0
