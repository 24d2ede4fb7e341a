"""Reports of errors: what a receiver of Sentry's envelopes is sent over TCP, and that no secret is in it."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.config.test_logs import CANARY, logged

FLUSH = "\nimport sentry_sdk\nsentry_sdk.flush(10)\n"
SAID = f"""
served.begin(uuid.UUID(int=7))
def fails(held):
    raise ValueError('it broke with sk-{CANARY}')
try:
    fails('{CANARY} in a local')
except ValueError:
    log.exception('a step broke', workspace=5, api_key='{CANARY}')
logging.getLogger('django.request').error('theirs: Bearer {CANARY}')
log.warning('not grave')
"""


@contextmanager
def receiving() -> Iterator[tuple[str, list[str]]]:
    """Give an address of Sentry's kind, and a list of what is sent there."""
    sent: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(f"{self.path} {_unpacked(self)}")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_values: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://public@127.0.0.1:{server.server_port}/1", sent
        server.shutdown()


def _unpacked(door: BaseHTTPRequestHandler) -> str:
    length = door.headers["Content-Length"]
    raw = door.rfile.read(int(length)) if length else _chunks(door)
    if door.headers["Content-Encoding"] == "gzip":
        raw = gzip.decompress(raw)
    return raw.decode()


def _chunks(door: BaseHTTPRequestHandler) -> bytes:
    blocks = []
    while size := int(door.rfile.readline(), 16):
        blocks.append(door.rfile.read(size))
        door.rfile.readline()
    return b"".join(blocks)


def events(sent: list[str]) -> list[dict[str, Any]]:
    """Return the events of envelopes."""
    lines = [json.loads(line) for each in sent for line in each.partition(" ")[2].splitlines() if line]
    return [line for line in lines if "level" in line and "event_id" in line]


def test_errors_are_reported_masked_and_with_the_request() -> None:
    with receiving() as (dsn, sent):
        logged(SAID + FLUSH, TOLLWAY_SENTRY_DSN=dsn)
    ours, theirs = events(sent)
    assert sent[0].startswith("/api/1/envelope/")
    assert ours["tags"]["request_id"] == "00000000-0000-0000-0000-000000000007"
    [error] = ours["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "it broke with sk-***")
    assert [frame["function"] for frame in error["stacktrace"]["frames"]] == ["<module>", "fails"]
    assert ours["contexts"]["log"]["workspace"] == "5"
    assert theirs["message"] == "theirs: Bearer ***"
    assert CANARY not in "".join(sent)
    assert not {"request", "user"} & (ours.keys() | theirs.keys())
    assert not any(each.get("breadcrumbs", {}).get("values") for each in (ours, theirs))
    assert "vars" not in json.dumps(ours["exception"])


def test_without_an_address_nothing_of_it_is_imported() -> None:
    [line] = logged("log.error('x', known=str('sentry_sdk' in sys.modules))")
    assert line["known"] == "False"
