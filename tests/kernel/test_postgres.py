"""How long a silent server is waited for."""

import time

import psycopg
import pytest
from asgiref.sync import async_to_sync

from kernel import postgres

pytestmark = pytest.mark.usefixtures("committed")


def run(sql: str, *, seconds: float) -> float:
    """Run a statement on a connection that is hung up on after so many seconds; return how long it took."""

    async def go() -> float:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
            began = time.monotonic()
            with postgres.bounded(connection, seconds):
                await connection.execute(sql.encode())
            await connection.execute(b"SELECT 1")
            return time.monotonic() - began

    return async_to_sync(go)()


def test_a_server_that_is_silent_for_longer_is_hung_up_on() -> None:
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        run("SELECT pg_sleep(4)", seconds=0.2)
    assert time.monotonic() - began < 3


def test_one_that_answers_in_time_is_kept() -> None:
    assert run("SELECT pg_sleep(0.1)", seconds=30) >= 0.1
