"""Engines named by URL: each way to be wrong is one plain sentence without a secret."""

import contextlib
import os
import socketserver
import struct
import threading
from collections.abc import Iterator

import pytest

from kernel.engines import check_external


class OldPostgres(socketserver.BaseRequestHandler):
    """Speaks just enough of the protocol to be a PostgreSQL 14."""

    def handle(self) -> None:
        size = struct.unpack("!I", self.request.recv(4))[0]
        self.request.recv(size - 4)
        parameter = b"server_version\x0014.20\x00"
        self.request.sendall(
            b"R"
            + struct.pack("!II", 8, 0)
            + b"S"
            + struct.pack("!I", 4 + len(parameter))
            + parameter
            + b"Z"
            + struct.pack("!I", 5)
            + b"I"
        )
        self.request.recv(64)


class OldRedis(socketserver.StreamRequestHandler):
    """Speaks just enough of the protocol to be a Redis 6.2."""

    def handle(self) -> None:
        text = b"# Server\r\nredis_version:6.2.14\r\n"
        while header := self.rfile.readline():
            words = []
            for _ in range(int(header[1:])):
                words.append(self.rfile.read(int(self.rfile.readline()[1:]) + 2))
            answers = {b"INFO": b"$%d\r\n%b\r\n" % (len(text), text), b"AUTH": b"+OK\r\n"}
            self.wfile.write(answers.get(words[0].strip().upper(), b"-ERR unknown command\r\n"))


@contextlib.contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def test_both_can_be_used() -> None:
    assert check_external(os.environ["DATABASE_URL"], os.environ["REDIS_URL"]) is None


def test_nothing_named_is_nothing_wrong() -> None:
    assert check_external(None, None) is None


def test_postgres_14_is_too_old() -> None:
    with serving(OldPostgres) as port:
        url = f"postgresql://u:secret@127.0.0.1:{port}/shop?sslmode=disable&gssencmode=disable"
        assert check_external(url, None) == (
            f"DATABASE_URL names a PostgreSQL 14 at 127.0.0.1:{port}/shop; Tollway needs PostgreSQL 15 or newer."
        )


def test_redis_6_is_too_old() -> None:
    with serving(OldRedis) as port:
        assert check_external(None, f"redis://:secret@127.0.0.1:{port}/0") == (
            f"REDIS_URL names a Redis 6.2.14 at 127.0.0.1:{port}/0; Tollway needs Redis 7 (or Valkey) or newer."
        )


@pytest.mark.parametrize(
    ("database", "redis", "words"),
    [
        (
            "postgresql://u:secret@127.0.0.1:1/shop",
            None,
            "DATABASE_URL names a PostgreSQL at 127.0.0.1:1/shop that",
        ),
        (
            "postgresql:///shop?host=/nonexistent",
            None,
            "DATABASE_URL names a PostgreSQL at /shop that cannot be used",
        ),
        ("postgresql://u:secret@127.0.0.1:port/shop", None, "DATABASE_URL names a PostgreSQL at"),
        ("postgresql://u:secret@[::1/shop", None, "DATABASE_URL is not an address"),
        ("sqlite:///db.sqlite3", None, "DATABASE_URL must begin with postgresql://"),
        (
            None,
            "redis://:secret@127.0.0.1:1/0",
            "REDIS_URL names a Redis at 127.0.0.1:1/0 that cannot be used",
        ),
        (
            None,
            "unix:///nonexistent.sock",
            "REDIS_URL names a Redis at /nonexistent.sock that cannot be used",
        ),
        (None, "redis://:secret@[::1/0", "REDIS_URL is not an address"),
        (None, "redis://127.0.0.1:port/0", "REDIS_URL names a Redis at"),
        (None, "http://127.0.0.1/", "REDIS_URL must begin with redis://"),
    ],
)
def test_wrong_url_is_one_sentence_that_names_the_variable(
    database: str | None, redis: str | None, words: str
) -> None:
    sentence = check_external(database, redis)
    assert sentence is not None
    assert sentence.startswith(words)
    assert "secret" not in sentence
    assert "\n" not in sentence
