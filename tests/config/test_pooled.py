"""Connections that PostgreSQL ended while they waited in the pool are not given out."""

import psycopg
import pytest
from django.db import connection

from kernel import postgres


@pytest.mark.usefixtures("committed")
def test_a_page_after_the_server_ended_its_sessions_finds_one_that_lives() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [number] = cursor.fetchone() or (0,)
    connection.close()  # as at the end of every page: it goes back to the pool
    with psycopg.connect(postgres.conninfo(), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [number]).fetchone() == (True,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
