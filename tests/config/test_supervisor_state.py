"""What a run leaves behind for others: addresses, and which ports are taken."""

import socket

import pytest

from config.supervisor.state import State, UpError, free_port, load, port_taken, save
from kernel import engines
from tests.kernel.engine_homes import temporary_base


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("tollway.local", "http://tollway.local:8000"),
    ],
)
def test_origin_can_be_opened_on_this_machine(host: str, origin: str) -> None:
    assert State(pid=1, host=host, port=8000, sandbox_port=1, ready=True).origin == origin


def test_state_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_base() as base:
        monkeypatch.setenv("TOLLWAY_HOME", str(base))
        assert load() is None
        state = State(pid=1, host="::1", port=8000, sandbox_port=8001, ready=False)
        save(state)
        assert load() == state
        engines.state_file("run", "up.json").write_text("{")
        with pytest.raises(UpError, match=r"up\.json cannot be read; remove it"):
            load()


def test_wished_port_is_taken_only_if_it_is_free() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert free_port(wished=taken) != taken
    assert free_port(wished=taken) == taken


def test_address_of_another_machine_is_named() -> None:
    assert port_taken("192.0.2.1", 8000) == (
        "Nothing can listen on 192.0.2.1 port 8000 (Cannot assign requested address); "
        "choose another with --host or --port."
    )


def test_unknown_host_name_is_one_sentence() -> None:
    assert str(port_taken("no-such-host.invalid", 8000)).startswith(
        "Nothing can listen on no-such-host.invalid port 8000"
    )
