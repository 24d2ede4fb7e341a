"""Whether the witnesses of one request agree, by the published rule of interruptions; if not, in what."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from inference import tokens
from inference.sandbox import words

from .witnesses import Case, Client

__all__ = ["NOTE_SECONDS", "Finding", "Judge", "Sort", "judge_markers"]

Sort = str
# The guide says "the last second or so": every second streams are counted and the counts committed, which takes a moment.
NOTE_SECONDS = 1.5
# Our count is made once a second, of what came since: a word in two parts may be a token more, or one less.
SLACK_TOKENS = 8
# The upstream counts words, we count parts of words; of what it sent and nobody heard this is the most.
PARTS_OF_A_WORD = 4
_DELIVERED_IN_PART = ("client_gone", "upstream_cut", "killed", "drained")


@dataclass(frozen=True, slots=True)
class Finding:
    """A request on which the witnesses do not agree: `lost`, `double` or `mismatched`, and why."""

    sort: Sort
    request_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges cases. `outages` are the Unix times between which the database was away, so that no note was committed."""

    outages: Sequence[tuple[float, float]] = ()
    count: Callable[[str], int] = lambda text: tokens.count([text])[0]

    def findings(self, case: Case) -> list[Finding]:
        """Return what is wrong with a request; nothing if all its witnesses agree."""
        return [Finding(sort, case.request_id, f"{why} | {case.said()}") for sort, why in self._wrong(case)]

    def note_age(self, case: Case) -> float | None:
        """Return how many seconds of output a reaped stream was not charged for; None if that cannot be told."""
        client = case.client
        if client is None or not client.moments or not _reaped(case):
            return None
        heard = next(
            (at for at, length in client.moments if self.count(client.text[:length]) > case.tokens[1] + 1),
            None,
        )
        return 0.0 if heard is None else client.ended_at - heard

    def _wrong(self, case: Case) -> list[tuple[Sort, str]]:
        client, complete = case.client, case.client is not None and case.client.ended == "complete"
        if not case.events:
            if complete or case.delivered:
                return [("lost", "answered, and no event")]
            return []
        if [event.rev for event in case.events] != list(range(len(case.events))) or len(case.events) > 2:
            return [("double", "more events than one and its correction")]
        wrong = []
        if len(case.delivered) > 1:
            wrong.append(("double", "delivered twice by the upstream"))
        if case.cost and not case.delivered:
            wrong.append(("mismatched", "charged, and the upstream delivered nothing"))
        if client is not None and client.ended in ("refused", "unreached") and case.cost and not _whole(case):
            wrong.append(("mismatched", "refused, and charged"))
        if complete and client is not None:
            wrong += self._complete(case, client)
        return wrong + self._by_status(case)

    def _complete(self, case: Case, client: Client) -> list[tuple[Sort, str]]:
        wrong = []
        if case.events[-1].status not in ("ok", "client_gone"):
            wrong.append(("mismatched", "a complete answer has another status"))
        if client.told != case.tokens:
            wrong.append(("mismatched", f"told {client.told}, charged {case.tokens}"))
        if client.cost is not None and client.cost != case.cost:
            wrong.append(("mismatched", f"told a cost of {client.cost}, charged {case.cost}"))
        return wrong

    def _by_status(self, case: Case) -> list[tuple[Sort, str]]:
        last = case.events[-1]
        if last.source == "upstream":
            call = case.delivered[-1] if case.delivered else None
            if call is not None and (call.prompt_tokens, call.tokens) != case.tokens:
                return [
                    (
                        "mismatched",
                        f"the upstream told {(call.prompt_tokens, call.tokens)}, charged {case.tokens}",
                    )
                ]
            return []
        if last.source == "none":
            return self._free(case)
        if last.source == "bound":  # the upstream wrote beyond what was asked for: that is not charged
            return self._between(case, least=0, why="bound by its hold")
        if last.status == "ok" or last.status in _DELIVERED_IN_PART:
            return self._between(case, least=self._heard(case), why="counted")
        if last.status == "reaped":
            return self._between(case, least=self._noted(case), why="noted last")
        return [("mismatched", f"charged with the status {last.status}")]

    def _free(self, case: Case) -> list[tuple[Sort, str]]:
        if case.cost:
            return [("mismatched", "no source, and a cost")]
        if _reaped(case):
            return self._between(case, least=self._noted(case), why="noted last")
        # Cut before its first event, as far as we could tell: what the client heard says whether that is so.
        return [("mismatched", "heard, and free")] if case.client is not None and case.client.text else []

    def _between(self, case: Case, *, least: int, why: str) -> list[tuple[Sort, str]]:
        charged, most = case.tokens[1], self._sent(case)
        if least - SLACK_TOKENS <= charged <= most + SLACK_TOKENS:
            return []
        return [("mismatched", f"{why}: {charged} tokens, not between {least} and {most}")]

    def _heard(self, case: Case) -> int:
        return self.count(case.client.text) if case.client is not None else 0

    def _noted(self, case: Case) -> int:
        """Return the tokens that must have been written down when the process died: heard NOTE_SECONDS before."""
        client = case.client
        if client is None:
            return 0
        at = client.ended_at - NOTE_SECONDS
        for began, ended in sorted(self.outages, reverse=True):
            if began <= client.ended_at and at <= ended:
                at = min(at, began - NOTE_SECONDS)
        length = max((length for heard, length in client.moments if heard <= at), default=0)
        return self.count(client.text[:length])

    def _sent(self, case: Case) -> int:
        """Return the most that may be charged: what the upstream handed to the network."""
        heard = case.client.text if case.client is not None else ""
        sent = sum(call.tokens for call in case.delivered)
        return self.count(heard) + PARTS_OF_A_WORD * max(0, sent - words.count(heard))


def judge_markers(cases: Iterable[Case]) -> list[Finding]:
    """Return the requests that were walked twice, or were answered with what another one asked for."""
    walked: dict[str, set[str]] = defaultdict(set)
    found = []
    for case in cases:
        for call in case.calls:
            walked[call.marker].add(case.request_id)
            if case.client is not None and case.client.marker != call.marker:
                found.append(
                    Finding(
                        "mismatched", case.request_id, f"asked by {case.client.marker}, sent as {call.marker}"
                    )
                )
    for marker, requests in walked.items():
        if len(requests) > 1:
            found.append(Finding("double", min(requests), f"{marker} went upstream as {sorted(requests)}"))
    return found


def _reaped(case: Case) -> bool:
    return bool(case.events) and case.events[-1].status == "reaped"


def _whole(case: Case) -> bool:
    # The client's connection broke before the headers: a plain answer is finished and charged all the same.
    return case.client is not None and case.client.ended == "unreached" and bool(case.delivered)
