"""Metrics of a machine: a scrape meets one process by chance, and what it reads must not depend on which."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kernel import money
from tests.config.told import documented, labels_of, undocumented
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway

from .town import Town

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120), pytest.mark.usefixtures("committed")]


def scraped(gateway: Gateway) -> str:
    return ask("GET", gateway.base_url.removesuffix("/v1") + "/metrics").body.decode()


def said(gateway: Gateway, name: str, **labels: str) -> float | None:
    """Return a sample of a scrape, or None where there is none."""
    for family in text_string_to_metric_families(scraped(gateway)):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


def test_any_process_tells_of_all(town: Town) -> None:
    one, other = town.gateways
    who, _ = town.known("words")
    refused = other.chat(who.secret, "no/such-model")
    assert refused.headers["x-error-code"] == "INVALID_MODEL"
    pid = str(other.process.pid)
    one.eventually(
        lambda: said(one, "tollway_refusals_total", process=pid, code="INVALID_MODEL") == 1.0, within=30
    )
    assert said(one, "tollway_open_requests", process=str(one.process.pid)) == 0.0
    assert said(one, "tollway_open_streams", process=pid) == 0.0


def test_calls_are_counted_on_their_whole_way(town: Town) -> None:
    one, _ = town.gateways
    who, model = town.known("words")
    provider = one.chat(who.secret, model).headers["x-tollway-provider"]
    pid = str(one.process.pid)

    def now(name: str, **labels: str) -> float:
        return said(one, name, process=pid, **labels) or 0.0

    def counted() -> list[float]:
        return [
            now("tollway_requests_total", route="chat", status="200"),
            now("tollway_request_duration_seconds_count", route="chat"),
            now("tollway_first_byte_seconds_count", route="chat"),
            now("tollway_overhead_seconds_count"),
            now("tollway_settled_total", status="ok"),
            now("tollway_upstream_calls_total", provider=provider, outcome="ok"),
            now("tollway_upstream_first_byte_seconds_count", provider=provider),
            now("tollway_commit_batch_size_sum", batcher="admit"),
            now("tollway_commit_batch_size_sum", batcher="settle"),
        ]

    before, charged = counted(), now("tollway_charged_usd_total")
    answers = [one.chat(who.secret, model), one.chat(who.secret, model, stream=True)]
    assert [answer.status for answer in answers] == [200, 200]
    one.eventually(lambda: counted() == [number + 2 for number in before], within=30)
    costs = [event["cost"] for event in who.events()[-2:]]
    assert now("tollway_charged_usd_total") - charged == pytest.approx(sum(costs) / money.NANO_PER_USD)


def test_samples_have_the_labels_that_are_listed(town: Town) -> None:
    one, _ = town.gateways
    who, model = town.known("words")
    assert one.chat(who.secret, model).status == 200
    text = scraped(one)
    assert undocumented(text) == {}
    # What is not told here has not come about, or is of workers and audits that this town has not.
    missing = documented().keys() - labels_of(text).keys()
    assert missing <= {
        *("tollway_refusals_total", "tollway_commit_losses_total", "tollway_silence_seconds"),
        *("tollway_audit_findings", "tollway_audit_age_seconds"),
        *(name for name in documented() if name.startswith("tollway_task_")),
    }
