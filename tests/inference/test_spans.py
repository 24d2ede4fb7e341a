"""Traces: a span for a request and for each of its calls, at a receiver over TCP; without an address nothing of it is there."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from pytest_django import DjangoDbBlocker

from tests.fakes.cast import Customer, customer, model
from tests.fakes.collector import Collector, Told, collecting
from tests.fakes.gateway import ROOT, Gateway, database_url, running_gateway
from tests.fakes.scripted import DONE, Scripted, answer, event, scripted, stream

pytestmark = pytest.mark.usefixtures("committed")

PROMPT, ANSWER = "prompt-canary-51ac", "answer-canary-9d03"
SAID = {
    "id": "x",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Traced:
    """A gateway whose traces are collected, and providers that answer as a test decides."""

    gateway: Gateway
    collector: Collector
    first: Scripted
    second: Scripted
    who: Customer
    model: str

    def spans(self, number: str, *, least: int = 1) -> list[Told]:
        """Return the spans of a request once there are so many."""
        self.gateway.eventually(lambda: len(self.collector.of(number)) >= least, within=30)
        return self.collector.of(number)


@pytest.fixture(scope="module")
def traced(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Traced]:
    with (
        django_db_blocker.unblock(),
        collecting() as collector,
        scripted() as first,
        scripted() as second,
        running_gateway(TOLLWAY_TRACES_URL=collector.url, TOLLWAY_TRACES_UPSTREAM="yes") as gateway,
    ):
        who = customer()
        name = model((first.base_url, "alpha"), (second.base_url, "beta"))
        gateway.knows(who.secret, name)
        yield Traced(gateway, collector, first, second, who, name)


def ask(traced: Traced, **fields: object) -> str:
    """Send the prompt in a conversation of its own, which begins at the first hop, and return the request's number."""
    messages = [{"role": "user", "content": f"{PROMPT} {secrets.token_hex(4)}"}]
    heard = traced.gateway.chat(traced.who.secret, traced.model, **{"messages": messages, **fields})
    return heard.headers["x-request-id"]


def test_a_request_has_a_span_and_each_of_its_calls_one_below(traced: Traced) -> None:
    traced.first.add(answer({"error": {"message": "no"}}, status=503))
    traced.second.add(answer(SAID))
    own, failed, served = traced.spans(ask(traced), least=3)
    assert (own.kind, failed.kind, served.kind) == ("server", "client", "client")
    assert (own.name, failed.name, served.name) == (f"chat {traced.model}", "chat alpha", "chat beta")
    assert own.parent == ""
    assert {own.trace, failed.trace, served.trace} == {own.attributes["tollway.request_id"].replace("-", "")}
    assert len({own.number, failed.number, served.number}) == 3
    assert own.begun <= failed.begun <= failed.ended <= served.begun <= served.ended <= own.ended
    assert (own.failed, failed.failed, served.failed) == (False, True, False)
    assert traced.collector.service == {"tollway"}


def test_they_have_the_names_of_the_conventions(traced: Traced) -> None:
    traced.first.add(answer({"error": {"message": "no"}}, status=503))
    traced.second.add(answer(SAID))
    own, failed, served = traced.spans(ask(traced), least=3)
    assert (
        own.attributes.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": traced.model,
            "gen_ai.response.model": traced.model,
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.output_tokens": 5,
            "http.response.status_code": 200,
            "url.path": "/v1/chat/completions",
            "tollway.status": "ok",
            "tollway.cost_nano_usd": traced.who.events()[-1]["cost"],
        }.items()
    )
    assert own.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    place = urlsplit(traced.first.base_url)
    assert (
        failed.attributes.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "alpha",
            "server.address": place.hostname,
            "server.port": place.port,
            "http.response.status_code": 503,
            "error.type": "status_503",
        }.items()
    )
    assert served.attributes["gen_ai.provider.name"].startswith("p-")
    assert served.attributes["gen_ai.usage.output_tokens"] == 5


def test_a_stream_lasts_to_its_end_and_no_words_are_told(traced: Traced) -> None:
    chunk = {"id": "x", "object": "chat.completion.chunk", "model": "m"}
    begin = {**chunk, "choices": [{"index": 0, "delta": {"content": ANSWER}, "finish_reason": None}]}
    end = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": SAID["usage"]}
    traced.first.add(stream(event(begin), event(end), DONE))
    own, served = traced.spans(ask(traced, stream=True), least=2)
    assert own.attributes["gen_ai.request.stream"] is True
    assert served.ended - served.begun >= served.attributes["gen_ai.response.time_to_first_chunk"] * 10**9
    for canary in (PROMPT, ANSWER, traced.who.secret):
        assert canary.encode() not in traced.collector.raw


def test_the_trace_of_the_caller_goes_on_here_and_at_the_provider(traced: Traced) -> None:
    traced.first.add(answer(SAID))
    own, served = traced.spans(ask(traced, headers={"traceparent": PARENT}), least=2)
    assert (own.trace, own.parent) == (PARENT[3:35], PARENT[36:52])
    assert traced.first.seen[-1].headers["traceparent"] == f"00-{own.trace}-{served.number}-01"


@pytest.mark.parametrize(
    "sent",
    ["00-" + "0" * 32 + "-b7ad6b7169203331-01", "ff" + PARENT[2:], PARENT.upper()[:20], "x" * 4000],
    ids=["zero", "version", "short", "long"],
)
def test_what_is_no_trace_is_left(traced: Traced, sent: str) -> None:
    traced.first.add(answer(SAID))
    own = traced.spans(ask(traced, headers={"traceparent": sent}))[0]
    assert own.trace == own.attributes["tollway.request_id"].replace("-", "")


def test_what_its_caller_does_not_trace_is_not_told(traced: Traced) -> None:
    traced.first.add(answer(SAID), answer(SAID))
    number = ask(traced, headers={"traceparent": PARENT[:-1] + "0"})
    assert traced.first.seen[-1].headers["traceparent"].endswith("-00")
    traced.spans(ask(traced))
    assert traced.collector.of(number) == []


def test_a_refusal_is_a_span_with_its_error(traced: Traced) -> None:
    heard = traced.gateway.chat(traced.who.secret, "no/such-model")
    [own] = traced.spans(heard.headers["x-request-id"])
    assert own.failed
    assert (own.attributes["error.type"], own.attributes["http.response.status_code"]) == (
        "INVALID_MODEL",
        400,
    )


def imported(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the application's imports in a process of its own, which prints whether what sends traces is among them."""
    code = "import sys, config.asgi; print([name for name in sys.modules if '.otlp.' in name])"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform"), *environment.pop("PATHS", "").split()])
    given = {**os.environ, "PYTHONPATH": paths, "DATABASE_URL": database_url(), **environment}
    line = [sys.executable, "-c", code]
    return subprocess.run(line, env=given, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_without_an_address_nothing_that_sends_traces_is_imported() -> None:
    assert imported().stdout == "[]\n"


def test_an_address_without_the_packages_stops_the_start_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    hidden = tmp_path_factory.mktemp("without") / "opentelemetry"
    hidden.mkdir()
    (hidden / "__init__.py").touch()
    ended = imported(PATHS=str(hidden.parent), TOLLWAY_TRACES_URL="http://127.0.0.1:9/v1/traces")
    assert ended.returncode != 0
    assert (
        "TOLLWAY_TRACES_URL is set, and the package opentelemetry.exporter.otlp.proto.http is not"
        in ended.stderr
    )
