"""How much a gateway process has of what it keeps: open requests and streams, what waits for a commit, places left alone."""

from collections import Counter
from typing import TYPE_CHECKING

from kernel.tallies import Level

if TYPE_CHECKING:
    from catalog.snapshot import Catalogue

    from .process import Process

__all__ = ["read"]

_requests = Level("tollway_open_requests", "Requests admitted and not settled.")
_streams = Level("tollway_open_streams", "Streams being relayed or about to be.")
_waiting = Level(
    "tollway_commit_waiting", "Requests that wait for their batch to be committed.", ("batcher",)
)
_breakers = Level("tollway_breakers_open", "Places that are left alone after failures.", ("provider",))
_journalled = Level("tollway_journalled_settlements", "Settlements that wait on the disk for PostgreSQL.")
_kept = Level("tollway_journals_kept", "Journals of this machine that need a person.")


def read(process: "Process") -> None:
    """Have the levels of this process read from its parts."""
    gate, places = process.gate, _Places(process)
    _requests.read = lambda: {(): gate.open_requests}
    _streams.read = lambda: {(): len(process.streams)}
    _waiting.read = lambda: {(name,): number for name, number in gate.waiting.items()}
    _breakers.read = places.left_alone
    _journalled.read = lambda: {(): gate.journalled}
    _kept.read = lambda: {(): process.lookout.kept}


class _Places:
    """Knows whose the endpoints are, at one revision of the catalogue."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._of: Catalogue | None = None
        self._providers: dict[int, str] = {}

    def left_alone(self) -> dict[tuple[str, ...], float]:
        """Return how many places of each provider are left alone after failures; zero for those in health."""
        catalogue = self._process.catalogue
        if catalogue is not self._of:
            self._providers = {
                hop.endpoint_id: hop.provider for offer in catalogue.offers for hop in offer.hops
            }
            self._of = catalogue
        left = Counter(
            self._providers[endpoint]
            for endpoint, _ in self._process.news.breaker.left_alone()
            if endpoint in self._providers
        )
        return {(provider,): left[provider] for provider in sorted(set(self._providers.values()))}
