"""A machine that has no files left to open calls nobody: callers are told to come again, and no provider is blamed."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.fakes.cast import Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted
from tests.walks.test_stream import USAGE

pytestmark = pytest.mark.usefixtures("committed")
MESSAGE = {"role": "assistant", "content": "Toll roads are paid for."}
GOOD = answer({"choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}], "usage": USAGE})


class Line:
    """One connection of a caller, which stays open."""

    def __init__(self, gateway: Gateway, who: Customer) -> None:
        self.who = who
        self.wire = http.client.HTTPConnection(*gateway.address, timeout=20)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *raised: object) -> None:
        self.wire.close()

    def chat(self, name: str) -> tuple[int, list[str], bytes]:
        """Ask a model; return the status, what came of each attempt, and the body."""
        body = {"model": name, "messages": [{"role": "user", "content": "x"}]}
        head = {"authorization": f"Bearer {self.who.secret}", "accept": "application/json"}
        self.wire.request("POST", "/v1/chat/completions", json.dumps(body), head)
        answer = self.wire.getresponse()
        tries = answer.headers["x-tollway-attempts"].split(",")
        return answer.status, [each.split(":")[1] for each in tries], answer.read()


@contextmanager
def no_files(gateway: Gateway) -> Iterator[None]:
    """Have the gateway open no file and no socket meanwhile."""
    process = psutil.Process(gateway.process.pid)
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (3, before[1]))  # input, output and errors, which are open
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, before)


def test_is_told_to_callers_and_blamed_on_nobody(gateway: Gateway) -> None:
    with scripted(GOOD) as near, scripted(GOOD) as far:
        who, known, unknown = customer(), model((near.base_url, "m")), model((far.base_url, "m"))
        gateway.knows(who.secret, known, unknown)
        with Line(gateway, who) as line:
            assert line.chat(known)[:2] == (200, ["ok"])
            with no_files(gateway):
                for _ in range(6):  # more often than a provider may fail in a row
                    status, attempts, body = line.chat(unknown)
                    assert (status, set(attempts)) == (503, {"no_connections"})
                    assert json.loads(body)["error"]["message"] == "The gateway has too much to do right now."
            assert line.chat(unknown)[:2] == (200, ["ok"])
    events = [(event["error_code"], event["cost"] > 0) for event in who.events()]
    assert sorted(events) == [("", True)] * 2 + [("UNAVAILABLE", False)] * 6
