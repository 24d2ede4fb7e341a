"""Celery's beat and consumer as Tollway needs them: they say that they live, and find a broker again within seconds."""

import functools
import time
from collections.abc import Callable
from typing import Any

import structlog
from celery.beat import PersistentScheduler
from celery.worker.consumer import Consumer as CeleryConsumer
from django.db import Error, connection

from billing import parts

__all__ = ["Consumer", "Scheduler"]

TELL_SECONDS = 5.0
BROKER_SECONDS = 5.0
log = structlog.get_logger()


class Scheduler(PersistentScheduler):
    """Orders the sweeps, and tells every five seconds that it lives and for how long it could send.

    Web processes read that in PostgreSQL: whoever has lost beat or broker must hear of it by another way.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._told_at = float("-inf")
        self._sends_since: float | None = time.monotonic()  # until a sending fails
        super().__init__(*args, **kwargs)

    @functools.cached_property
    def producer(self) -> Any:
        """What sends: it connects with each sending, where Celery's own waits for a broker first and tells nothing."""
        return self.app.amqp.Producer(self.connection, auto_declare=False)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, and say so; return the seconds until the next is."""
        wait: float = super().tick(*args, **kwargs)
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = time.monotonic()
            self._tell()
        return min(wait, TELL_SECONDS)

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        """Send one task. Raises SchedulingError where the broker does not take it."""
        try:
            sent = super().apply_async(*args, **kwargs)
        except Exception:
            self._sends_since = None
            raise
        if self._sends_since is None:
            self._sends_since = time.monotonic()
        return sent

    def _tell(self) -> None:
        since = self._sends_since
        said = {"sends_for": None if since is None else time.monotonic() - since}
        try:
            parts.tell("beat", said, name="{}:{}".format(*parts.place()))
        except Error as error:
            log.warning("beat cannot tell that it lives", error=type(error).__name__)
        finally:
            connection.close()


class Consumer(CeleryConsumer):
    """Asks a broker that is away at least every five seconds, where Celery's own comes to wait thirty."""

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it is made."""
        ask: Callable[..., Any] = conn.ensure_connection
        conn.ensure_connection = functools.partial(ask, interval_max=BROKER_SECONDS)
        return super().ensure_connected(conn)
