"""Ports are free, below what the system deals out, and offered once."""

import socket
from pathlib import Path

from tests.fakes.ports import free_port

DEALT_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_they_are_not_among_those_that_the_system_deals_out() -> None:
    lowest = int(DEALT_OUT.read_text().split()[0]) if DEALT_OUT.exists() else 49_152
    assert 1_024 <= free_port() < lowest


def test_one_is_not_offered_twice_in_a_row_or_while_it_is_taken() -> None:
    first = free_port()
    with socket.create_server(("127.0.0.1", first)):
        assert first not in {free_port() for _ in range(999)}
