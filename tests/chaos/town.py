"""Gateways that share a Redis of their own, and a provider that writes down who called it."""

from pathlib import Path
from typing import Any

from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway
from tests.fakes.valkey import Valkey

__all__ = ["SHORT", "Town"]

# What takes minutes in production, in seconds.
SHORT: dict[str, Any] = {
    "TOLLWAY_BACKGROUND_SILENCE_SECONDS": "8",
    "TOLLWAY_TAKEOVER_SECONDS": "5",
    "TOLLWAY_WORKER_DEAF_SECONDS": "5",
    "TOLLWAY_SWEEP_SECONDS": "1",
    "TOLLWAY_CHARGE_AFTER_SECONDS": "1",
}


class Town:
    """Two gateways, their Redis, and the provider."""

    def __init__(self, gateways: list[Gateway], valkey: Valkey, sandbox: str, log: Path) -> None:
        self.gateways = gateways
        self.valkey = valkey
        self.sandbox = sandbox
        self._log = log

    def known(self, *hops: str, **terms: Any) -> tuple[Customer, str]:
        """Return a customer on such terms and a model with these hops, both known to every gateway."""
        who = customer(**terms)
        public = model(*((self.sandbox, hop) for hop in hops), wait_seconds=60)
        for gateway in self.gateways:
            gateway.knows(who.secret, public)
        return who, public

    def calls(self) -> int:
        """Return how many calls the provider has had."""
        return self._log.read_bytes().count(b"\n") if self._log.exists() else 0

    def said(self) -> set[str]:
        """Return the modes that the first gateway names in an answer."""
        told = ask("GET", self.gateways[0].base_url + "/models").headers.get("x-tollway-degraded", "")
        return set(filter(None, told.split(", ")))
