"""One admitted request from its admission to its settlement: what was agreed, what was tried, what it came to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from billing.admission import Granted
from billing.settlement import Settlement
from catalog import pricing
from catalog.pricing import Counts
from catalog.snapshot import Hop

from . import answers
from .answers import Headers
from .arrival import Arrival
from .deal import Deal
from .dialects import Ask, Dialect, Told
from .meter import Reading
from .routing import Reached, Trail

__all__ = ["Charge", "Status", "Visit"]

Status = Literal["ok", "client_gone", "upstream_cut", "killed", "drained", "failed"]


@dataclass(frozen=True, slots=True)
class Charge:
    """What an answer is charged: its counts and its cost in nano-USD."""

    counts: Counts
    cost: int
    provider_cost: int
    source: str
    suspect: bool


@dataclass(slots=True)
class Visit:
    """An admitted request; it must be settled exactly once, whatever happens."""

    request: Arrival
    dialect: Dialect
    ask: Ask
    deal: Deal
    granted: Granted
    hold: int
    dropped: int
    commit: Callable[[Settlement], Awaitable[None]]
    trail: Trail = field(default_factory=Trail)
    upstream_seconds: float = 0.0
    settled: bool = False

    @property
    def output_bound(self) -> int:
        """The most output tokens that were asked of the upstream."""
        return self.deal.max_tokens * self.ask.n

    def charge(self, hop: Hop, reading: Reading, *, empty: bool) -> Charge:
        """Return what counts cost at a hop. An empty answer is free where the plan says so."""
        price = self.deal.prices[hop.provider_id]
        counts, folded = pricing.fold(price.card, self.deal.sold(price.card, reading.counts))
        spent = self._spent(hop, reading.counts)
        if empty and self.deal.terms.empty_answers_are_free:
            return Charge(Counts(), 0, spent, "none", reading.suspect)
        cost = pricing.cost(price.card, counts, price.factors)
        return Charge(counts, cost, spent, reading.source, reading.suspect or folded)

    async def settle(
        self, hop: Hop, charge: Charge, *, status: Status, error: str = "", finish: str = "", ttfb_ms: int
    ) -> None:
        """Commit what an answer came to; returns once it is durable."""
        await self._commit(
            replace(
                self._nothing(status, 200, error),
                usage_source=charge.source,
                cost=charge.cost,
                multipliers=pricing.factors_text(self.deal.prices[hop.provider_id].factors),
                counts=charge.counts,
                provider_cost=charge.provider_cost,
                finish_reason=finish,
                suspect=charge.suspect,
                provider_id=hop.provider_id,
                endpoint_id=hop.endpoint_id,
                upstream_model=hop.upstream_model,
                attempts=len(self.trail.failed) + 1,
                ttfb_ms=ttfb_ms,
            )
        )

    async def settle_without_answer(self, *, status: Status, http_status: int, error: str) -> None:
        """Commit that nothing was delivered: it costs nothing."""
        await self._commit(self._nothing(status, http_status, error))

    def told(self, hop: Hop, reading: Reading, charge: Charge) -> Told:
        """Return what the dialect needs to know of the answer."""
        return Told(
            request_id=self.request.id,
            model=self.deal.offer.public_id,
            provider=hop.provider,
            milliseconds=self.request.milliseconds,
            reading=reading,
            cost=charge.cost,
        )

    def headers(self, reached: Reached[Any]) -> Headers:
        """Return the headers of an answer that came by this way."""
        elapsed = self.request.milliseconds
        overhead = max(0.0, elapsed - self.upstream_seconds * 1000)
        return [
            *answers.standing(self.request),
            ("X-Tollway-Provider", reached.hop.provider),
            ("X-Tollway-Attempts", self.trail.text),
            ("X-Tollway-Overhead-Ms", f"{overhead:.0f}"),
            ("x-router-model", self.deal.offer.public_id),
            ("x-router-provider", reached.hop.provider),
            ("x-router-fallback", "true" if reached.fallback else "false"),
            ("x-router-latency-ms", str(elapsed)),
            *answers.limits(self.deal.terms, self.granted),
            *([("X-Tollway-Truncated", str(self.dropped))] if self.dropped else []),
        ]

    def _spent(self, hop: Hop, counts: Counts) -> int:
        card = self.deal.costs[hop.provider_id]
        if card is None:
            return 0
        try:
            return pricing.cost(card, pricing.fold(card, self.deal.sold(card, counts))[0], ())
        except pricing.Unpriced:
            return 0  # our cost is unknown; a gap in our own books must not keep the answer from the caller

    async def _commit(self, settlement: Settlement) -> None:
        self.settled = True
        await self.commit(settlement)

    def _nothing(self, status: Status, http_status: int, error: str) -> Settlement:
        return Settlement(
            request_id=self.request.id,
            workspace_id=self.deal.caller.workspace_id,
            status=status,
            http_status=http_status,
            usage_source="none",
            cost=0,
            multipliers=pricing.factors_text(self.deal.price.factors),
            error_code=error,
            attempts=len(self.trail.failed),
            latency_ms=self.request.milliseconds,
            failed_attempts=tuple(self.trail.failed),
        )
