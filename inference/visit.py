"""One admitted request from its admission to its settlement: what was agreed, what was tried, what it came to."""

import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from billing.admission import Granted
from billing.settlement import Settlement
from catalog import pricing
from catalog.pricing import Counts

from . import answers, pseudonyms, spans, traffic
from .answers import Headers
from .arrival import Arrival
from .deal import Deal
from .dialects import Dialect, Told
from .legs import Leg
from .meter import Reading
from .process import Process
from .routing import Reached, Trail

__all__ = ["Charge", "Status", "Visit"]

_NOT_THE_CALLERS_DOING = (502, 503, 504)
_BOUND = "bound"
Status = Literal["ok", "client_gone", "upstream_cut", "spent", "killed", "drained", "failed"]


@dataclass(frozen=True, slots=True)
class Charge:
    """What an answer is charged: its counts and its cost in nano-USD; the source is `bound` where the hold bounds them."""

    counts: Counts
    cost: int
    provider_cost: int
    source: str
    suspect: bool


@dataclass(slots=True)
class Visit:
    """An admitted request; it must be settled exactly once, whatever happens. What is charged never exceeds its `hold`."""

    request: Arrival
    dialect: Dialect
    deal: Deal
    granted: Granted
    hold: int
    process: Process
    trail: Trail = field(default_factory=Trail)
    upstream_seconds: float = 0.0
    attempt_began: float = 0.0
    attempt_seconds: float = 0.0
    added_seconds: float = 0.0
    settled: bool = False

    def note_attempt(self, begun: float) -> None:
        """Note how long an attempt took that began at a moment of the monotonic clock: till its first event, or the end."""
        now = time.monotonic()
        self.attempt_began, self.attempt_seconds = begun, now - begun
        self.upstream_seconds += self.attempt_seconds
        self.added_seconds = max(0.0, now - self.request.began - self.upstream_seconds)

    def asked(self, leg: Leg) -> dict[str, Any]:
        """Return the body that asks a leg's upstream. On our account people and conversations go by other names."""
        body = leg.ask.outgoing(leg.hop, max_tokens=leg.max_tokens)
        if leg.own_key is not None:
            return body
        return pseudonyms.written(body, self.deal.caller.workspace_id)

    async def charge(self, leg: Leg, reading: Reading, *, empty: bool) -> Charge:
        """Return what counts cost on a leg, as far as the hold covers it. An empty answer is free where the plan says so.

        Where more is needed than is held, it is held first if there is credit: thoughts that were not shown and a
        prompt to which the provider added words are only told at the end. Output beyond what was asked for is not sold.
        """
        card, factors = leg.price.card, leg.price.factors
        sold = leg.sold(card, reading.counts)
        counts, folded = pricing.fold(card, sold)
        spent = _spent(leg, reading.counts)
        if empty and self.deal.terms.empty_answers_are_free:
            return Charge(Counts(), 0, spent, "none", reading.suspect)
        odd = reading.suspect or folded or sold.web_search != reading.counts.web_search
        cost = pricing.cost(card, counts, factors)
        if cost > self.hold:
            await self.hold_more(pricing.cost(card, _agreed(counts, leg.output_bound), factors) - self.hold)
        if cost <= self.hold:
            return Charge(counts, cost, spent, reading.source, odd)
        counts = pricing.within(card, counts, factors, amount=self.hold)
        return Charge(counts, pricing.cost(card, counts, factors), spent, _BOUND, suspect=True)

    async def hold_more(self, more: int) -> bool:
        """Add to the hold up to so many nano-USD, as far as there is credit; tell whether it grew."""
        if more <= 0:
            return False
        workspace = self.deal.caller.workspace_id
        got = await self.process.gate.extend(self.request.id, workspace, more=more)
        self.hold += got
        return got > 0

    def nothing_came(self, leg: Leg, reading: Reading) -> Charge:
        """Return what is charged where an upstream failed before any output: nothing, whatever the plan says."""
        return Charge(Counts(), 0, _spent(leg, reading.counts), "none", reading.suspect)

    async def settle(
        self, leg: Leg, charge: Charge, *, status: Status, error: str = "", finish: str = "", ttfb_ms: int
    ) -> None:
        """Commit what an answer came to; returns once it is durable."""
        hop, price = leg.hop, leg.price
        self._note_health(leg, charge, status, ttfb_ms)
        traffic.began(self.request, ttfb_ms=ttfb_ms, added_seconds=self.added_seconds)
        await self._commit(
            self._settlement(
                status,
                200,
                error,
                usage_source=charge.source,
                cost=charge.cost,
                multipliers=price.factors_text,
                model_id=leg.offer.model_id,
                chain_id=leg.offer.chain_id,
                price_version_id=price.card.version_id,
                returned=self.deal.weight - leg.weight,
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
        """Commit that nothing was delivered: it costs nothing, and counts for no limit where it is not the caller's doing."""
        returned = self.deal.weight if http_status in _NOT_THE_CALLERS_DOING else 0
        attempts, multipliers = len(self.trail.failed), self.deal.first.price.factors_text
        await self._commit(
            self._settlement(
                status,
                http_status,
                error,
                usage_source="none",
                cost=0,
                multipliers=multipliers,
                attempts=attempts,
                returned=returned,
            )
        )

    def note_served(self, leg: Leg) -> None:
        """Remember where the conversation is now, if it is not where it was looked for first."""
        talk, first = self.deal.talk, self.deal.first
        if talk is not None and leg is not first and leg.offer is first.offer:
            self.process.news.sticking.went_to(talk.name, leg.place)

    def told(self, leg: Leg, reading: Reading, charge: Charge) -> Told:
        """Return what the dialect needs to know of the answer."""
        return Told(
            request_id=self.request.id,
            model=leg.offer.public_id,
            provider=leg.hop.provider,
            milliseconds=self.request.milliseconds,
            reading=replace(reading, counts=charge.counts, source=_BOUND)
            if charge.source == _BOUND
            else reading,
            cost=charge.cost,
        )

    def headers(self, reached: Reached[Any]) -> Headers:
        """Return the headers of an answer that came by this way."""
        leg, elapsed = reached.leg, self.request.milliseconds
        overhead = max(0.0, elapsed - self.upstream_seconds * 1000)
        return [
            *answers.standing(self.request),
            ("X-Tollway-Provider", leg.hop.provider),
            ("X-Tollway-Attempts", self.trail.text),
            ("X-Tollway-Overhead-Ms", f"{overhead:.0f}"),
            ("x-router-model", leg.offer.public_id),
            ("x-router-provider", leg.hop.provider),
            ("x-router-fallback", "true" if reached.fallback else "false"),
            ("x-router-latency-ms", str(elapsed)),
            *answers.limits(self.deal.terms, self.granted),
            *([("X-Tollway-Truncated", str(leg.dropped))] if leg.dropped else []),
        ]

    def _note_health(self, leg: Leg, charge: Charge, status: Status, ttfb_ms: int) -> None:
        pulse, place = (
            self.process.pulse,
            {"provider_id": leg.hop.provider_id, "model_id": leg.offer.model_id},
        )
        if status == "upstream_cut":
            pulse.failed(**place, outcome="disconnected")
            return
        streamed = leg.ask.stream
        pulse.answered(
            **place,
            first_byte_ms=int(self.attempt_seconds * 1000) if streamed or leg.ask.chat is None else None,
            output_tokens=charge.counts.completion_tokens,
            seconds=max(0, self.request.milliseconds - ttfb_ms) / 1000 if streamed else self.attempt_seconds,
            added_ms=self.added_seconds * 1000,
        )

    async def _commit(self, settlement: Settlement) -> None:
        self.settled = True
        traffic.settled(settlement)
        if spans.on:
            spans.settled(self, settlement)
        await self.process.gate.settle(settlement)

    def _settlement(self, status: Status, http_status: int, error: str, **rest: Any) -> Settlement:
        return Settlement(
            request_id=self.request.id,
            workspace_id=self.deal.caller.workspace_id,
            status=status,
            http_status=http_status,
            error_code=error,
            latency_ms=self.request.milliseconds,
            failed_attempts=tuple(self.trail.failed),
            **rest,
        )


def _agreed(counts: Counts, output_bound: int) -> Counts:
    over = max(0, counts.completion_tokens - output_bound)
    shown = min(counts.output, over)
    return replace(counts, output=counts.output - shown, reasoning=max(0, counts.reasoning - (over - shown)))


def _spent(leg: Leg, counts: Counts) -> int:
    card = leg.cost
    if card is None or leg.own_key is not None:
        return 0
    try:
        return pricing.cost(card, pricing.fold(card, leg.sold(card, counts))[0], ())
    except pricing.Unpriced:
        return 0  # our cost is unknown; a gap in our own books must not keep the answer from the caller
