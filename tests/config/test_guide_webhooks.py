"""The programs of the page Webhooks accept a delivery that was really signed and sent, and nothing else."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from billing.customer_alerts import deliveries
from kernel import clock
from tests.billing.alerting.receiving import Receiver, receiving
from tests.billing.customer_alerts.watched import SECRET, USD, alert, endpoint, look, place
from tests.clients.runtimes import Node, Unavailable
from tests.config.examples import examples

pytestmark = pytest.mark.django_db

_ACCEPT = """
const came = JSON.parse(process.env.DELIVERED);
try { verify(came.secret, came.headers, came.body); console.log("accepted"); } catch (error) { console.log(error.message); }
"""


@pytest.fixture
def delivered(settings: Settings) -> Iterator[tuple[dict[str, str], str]]:
    """The headers and the body of an alert, as a server of the customer's got them."""
    settings.CUSTOMER_WEBHOOKS_PRIVATE = True
    with receiving() as receiver:
        yield _sent(receiver)


def _sent(receiver: Receiver) -> tuple[dict[str, str], str]:
    workspace = place()
    endpoint(workspace, receiver.address)
    alert(workspace, "balance", amount=5 * USD, by_mail=False)
    look(clock.now())
    assert deliveries.send_due(5) == 1
    [taken] = receiver.taken
    return taken


def program(language: str) -> str:
    [example] = [each for each in examples() if each.slug == "webhooks" and each.language == language]
    return example.code


def test_python_accepts_what_was_signed_and_nothing_that_was_changed(
    delivered: tuple[dict[str, str], str],
) -> None:
    headers, body = delivered
    names: dict[str, Any] = {}
    exec(compile(program("python"), "webhooks.md", "exec"), names)
    names["verify"](SECRET, headers, body.encode())
    for secret, heads, text, said in (
        (SECRET, headers, body.replace("5.0", "6.0"), "not from Tollway"),
        ("whsec_" + "A" * 32, headers, body, "not from Tollway"),
        (SECRET, headers | {"webhook-id": "msg_other"}, body, "not from Tollway"),
        (SECRET, headers | {"webhook-timestamp": "1"}, body, "too old"),
    ):
        with pytest.raises(ValueError, match=said):
            names["verify"](secret, heads, text.encode())


def test_node_accepts_what_was_signed_and_nothing_that_was_changed(
    delivered: tuple[dict[str, str], str], tmp_path: Path
) -> None:
    try:
        node = Node("openai.mjs").command()[0]
    except Unavailable as reason:
        pytest.skip(str(reason))
    headers, body = delivered
    file = tmp_path / "webhooks.mts"
    file.write_text(program("typescript") + _ACCEPT)

    def said(text: str, heads: dict[str, str]) -> str:
        told = json.dumps({"secret": SECRET, "headers": heads, "body": text})
        environment = {**os.environ, "DELIVERED": told}
        done = subprocess.run(
            [node, "--experimental-strip-types", "--no-warnings", str(file)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    assert said(body, headers) == "accepted"
    assert said(body.replace("5.0", "6.0"), headers) == "not from Tollway"
    assert said(body, headers | {"webhook-timestamp": "1"}).startswith("too old")
