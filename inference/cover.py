"""How far a stream may write on what is held for it: noted for the reaper, extended in time, and its end."""

import asyncio

from billing.checkpoints import Progress
from kernel import clock

from . import tokens
from .legs import Leg
from .visit import Visit

__all__ = ["EXCESS_TOKENS", "Cover"]

EXCESS_TOKENS = 256
"""How many tokens by our count a stream may write beyond its cover; they are not charged."""
_EXCESS_SHARE = 8  # of a long answer more: another tokenizer counts up to an eighth fewer than ours
_EXTEND_FROM = 0.7


class Cover:
    """What is held for one stream on the leg that serves it, in output tokens of the dearest class."""

    def __init__(self, visit: Visit, leg: Leg) -> None:
        self._visit = visit
        self._leg = leg
        self._growing: asyncio.Future[bool] | None = None
        self._progress = Progress(
            workspace_id=visit.deal.caller.workspace_id,
            model_id=leg.offer.model_id,
            chain_id=leg.offer.chain_id,
            price_version_id=leg.price.card.version_id,
            provider_id=leg.hop.provider_id,
            first_byte_at=clock.now(),
            multipliers=leg.price.factors_text,
        )

    @property
    def short(self) -> bool:
        """Whether less is held than the answer may cost: there was no more credit."""
        return self._covered() < self._leg.output_bound

    def note(self, output_tokens: int) -> int:
        """Note the output tokens so far; return how many more may be written, after which the stream must wait or end."""
        progress, bound = self._progress, self._leg.output_bound
        progress.output_tokens = output_tokens
        self._visit.process.gate.progress(self._visit.request.id, progress)
        covered = self._covered()
        if covered >= bound:
            return bound + max(EXCESS_TOKENS, bound // _EXCESS_SHARE) - output_tokens
        if output_tokens > _EXTEND_FROM * covered and self._growing is None:
            self._grow(covered)
        return covered + EXCESS_TOKENS - output_tokens

    def note_prompt(self) -> None:
        """Note the tokens of the prompt, which take time to count: few streams last until they are asked for."""
        if not self._progress.input_tokens:
            self._progress.input_tokens = tokens.count([self._leg.ask.prompt_text()])[0]

    async def grown(self) -> bool:
        """Wait for the hold to grow, if it does; tell whether it has grown."""
        return self._growing is not None and await asyncio.shield(self._growing)

    def _covered(self) -> int:
        # A limit that the caller named is held for in full.
        leg = self._leg
        if not leg.open_ended:
            return leg.output_bound
        self.note_prompt()
        return min(leg.output_bound, leg.affords(self._visit.hold, self._progress.input_tokens))

    def _grow(self, covered: int) -> None:
        leg, visit = self._leg, self._visit
        self.note_prompt()
        wanted = min(leg.output_bound, covered + leg.held_tokens * leg.ask.n)
        more = leg.ceiling(self._progress.input_tokens, wanted) - visit.hold
        self._growing = asyncio.ensure_future(visit.hold_more(more))
        self._growing.add_done_callback(self._rest)

    def _rest(self, _: object) -> None:
        self._growing = None
