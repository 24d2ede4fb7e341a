"""How each process is connected to PostgreSQL: by a pool of its own for each role, and how long it waits for what."""

from typing import Any

__all__ = ["pooled"]

# A pool instead of persistent connections: those leak under ASGI. Its short wait turns overload into an error that can
# be answered instead of a hang.
_OPTIONS: dict[str, Any] = {
    # A server that is cut off says nothing: its connections would be waited for a quarter of an hour.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # It gives up on a connection after two seconds and begins anew, instead of trying ever more seldom.
    "pool": {"min_size": 0, "max_size": 8, "timeout": 5, "reconnect_timeout": 2},
    "options": "-c statement_timeout=60000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000",
}


def pooled(entry: dict[str, Any], *, read_only: bool = False) -> dict[str, Any]:
    """Return Django's entry for a database with these bounds; every transaction is `read_only` if it is to be."""
    options = {**entry["OPTIONS"], **_OPTIONS}
    if read_only:
        options["options"] += " -c default_transaction_read_only=on"
        options["pool"] = {**options["pool"], "timeout": 1}  # the database itself is there to go on with
    # A connection from the pool is asked whether it lives: after a restart of the server none of them does.
    return {**entry, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
