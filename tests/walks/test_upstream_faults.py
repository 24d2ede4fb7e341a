"""Upstreams that misbehave, asked for whole answers."""

import socket

import pytest

from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

FAILING = [
    "error-401",
    "error-402",
    "error-403",
    "error-429",
    "error-500",
    "error-502",
    "error-503",
    "error-529",
    "html-200",
    "wrong-type",
    "empty-body",
    "no-content",
    "redirect",
    "error-in-200",
    "gzip",
    "gzip-bomb",
    "cut-stream",
    "cut-stream-rst",
    "echo-secrets",
]


def nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return f"http://127.0.0.1:{door.getsockname()[1]}/v1"


@pytest.mark.parametrize("upstream_model", FAILING)
def test_are_replaced_by_the_next(gateway: Gateway, sandbox: str, upstream_model: str) -> None:
    who, name = customer(), model((sandbox, upstream_model), (sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    assert heard.status == 200, heard.raw
    (booked,) = who.events()
    assert (booked["status"], booked["attempts"]) == ("ok", 2)


@pytest.mark.parametrize(
    ("upstream_model", "stream"),
    [
        *((name, False) for name in FAILING),
        *((name, True) for name in FAILING if not name.startswith("cut-stream")),  # those begin well
    ],
)
def test_are_never_heard_by_the_caller(
    gateway: Gateway, sandbox: str, upstream_model: str, stream: bool
) -> None:
    who, name = customer(), model((sandbox, upstream_model))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=stream)
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    said = heard.body.decode().lower()
    assert all(word not in said for word in ("sandbox", "html", "127.0.0.1", "bearer", "asked to"))
    assert not {"x-tollway-sandbox", "location", "set-cookie"} & heard.headers.keys()
    (booked,) = who.events()
    assert (booked["status"], booked["cost"], booked["http_status"], booked["error_code"]) == (
        "failed",
        0,
        502,
        "PROVIDER_ERROR",
    )
    assert booked["usage_source"] == "none"
    assert who.account()["held"] == 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("upstream_model", ["hang", "headers-then-nothing"])
def test_time_out(gateway: Gateway, sandbox: str, upstream_model: str, stream: bool) -> None:
    who, name = customer(), model((sandbox, upstream_model), wait_seconds=1)
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=stream)
    assert (heard.status, heard.headers["x-error-code"]) == (504, "PROVIDER_TIMEOUT")
    assert heard.headers["x-tollway-attempts"].endswith(":timeout")
    assert heard.headers["x-tollway-attempts"].count(":") == 1  # never another round after a timeout


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 413, 422])
def test_find_the_request_wrong(gateway: Gateway, sandbox: str, status: int, stream: bool) -> None:
    who = customer()
    name = model((sandbox, f"error-{status}"), (sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=stream)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "VALIDATION_ERROR")
    assert "sandbox" not in heard.body.decode()
    (booked,) = who.events()
    assert (booked["status"], booked["cost"], booked["attempts"]) == ("failed", 0, 1)


def test_find_the_prompt_too_long(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "error-context"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, headers={"Accept": "application/json"})
    assert (heard.status, heard.json["error"]["code"]) == (400, "context_length_exceeded")


def test_are_not_there(gateway: Gateway) -> None:
    who, name = customer(), model((nowhere(), "m"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    assert heard.status == 502
    assert (
        heard.headers["x-tollway-attempts"].count(":connect_error") == 2
    )  # nothing was sent: a second round


def test_cannot_slip_their_headers_to_the_caller(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "hostile-headers"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name)
    assert heard.status == 200
    assert not {"set-cookie", "x-error-code", "x-noise"} & heard.headers.keys()
    assert heard.headers["x-request-id"] == str(who.events()[0]["request_id"])
    assert heard.headers["access-control-allow-origin"] == "*"


def test_are_left_alone_after_five_failures(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "error-500"), (sandbox, "words"))
    gateway.knows(who.secret, name)
    # Each is a conversation of its own: one that went over to the second hop would stay there.
    asked = [[{"role": "user", "content": f"Question {n}."}] for n in range(6)]
    attempts = [
        gateway.chat(who.secret, name, messages=messages).headers["x-tollway-attempts"] for messages in asked
    ]
    assert [text.split(",")[0].split(":")[1] for text in attempts] == ["status_500"] * 5 + ["open"]


def test_may_close_a_kept_connection(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "hang-up"))
    gateway.knows(who.secret, name)
    assert [gateway.chat(who.secret, name).status for _ in range(4)] == [200] * 4


def test_may_answer_with_anything_that_has_choices(gateway: Gateway, sandbox: str) -> None:
    who = customer()
    names = [model((sandbox, kind)) for kind in ("other-model", "many-choices", "bad-tool-call")]
    gateway.knows(who.secret, *names)
    for name in names:
        heard = gateway.chat(who.secret, name)
        assert (heard.status, heard.json["model"]) == (200, name)
