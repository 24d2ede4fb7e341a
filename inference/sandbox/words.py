"""The sandbox's words: readable text chosen by a number, and the one rule by which it counts tokens."""

import re

__all__ = ["count", "pieces", "prose", "thoughts", "world"]

# One token is a run of word characters or a single other sign. Published: any client can recompute it.
TOKEN = re.compile(r"\w+|[^\w\s]")

# A prime number of sentences, so that every stride visits all of them.
_PROSE = (
    "A rate limiter decides, before any work is done, whether a caller may go on.",
    "The simplest one counts requests in a fixed window and starts again when the window ends.",
    "A fixed window is easy to explain, and a caller can see exactly when it resets.",
    "Its weakness is the edge: two full windows may meet and let twice the traffic through.",
    "A token bucket fills at a steady pace and lets a short burst pass as long as tokens remain.",
    "A sliding window smooths the edge at the price of a little more memory for each caller.",
    "Whatever the shape, check and count must be one step, or two requests will both see the last free place.",
    "A refused request should cost nothing: no unit of quota, no slot, no money.",
    "Tell the caller which limit was hit, how much of it was used, and when to try again.",
    "Retry advice belongs in a header, so that a client library can obey it without reading prose.",
    "Clients that retry should wait a little longer each time and add some randomness to the wait.",
    "Keep the counter where the truth is, and treat every cache of it as a hint.",
    "When the store is away, choose in advance whether the door stays open or closed, and write it down.",
    "Streams need a second rule, because one request may stay open for minutes.",
    "Count open streams as leases that expire, so that a crashed worker gives its places back.",
    "Weights let one heavy request count as several light ones.",
    "Measure the limiter itself: it runs on every request, so its slowest answer is yours.",
    "A clock that moves backwards must never open a window that was already closed.",
    "Test it with many callers at once, and check that the sum of what was let in is the limit, not one more.",
    "Show people their own limits on a page, with the same numbers that the limiter uses.",
    "A good limit protects the neighbours of a busy caller more than it punishes the caller.",
    "Start with generous limits, watch the traffic, and lower them only with notice.",
    "If the design fits on one page and the test fits on the next, it is probably right.",
)
_THOUGHTS = (
    "The question is about limits, so first settle what is being limited and for whom.",
    "There are two forces here: fairness between callers and the cost of checking.",
    "A short answer with one clear rule is better than a survey of every algorithm.",
    "Check the edge cases: an empty window, a full one, and two requests at the same instant.",
    "The order matters: refuse first, then count, then do the work.",
)
_WORLD = (
    "Naïve café – the façade says “déjà vu”, and the naïve limiter agrees.",
    "限流 器 决定 谁 可以 通过 🚦 ！",
    "Ограничитель считает запросы и отвечает честно ✓.",
    "レート 制限 は 一度 に 一つ ずつ 数える 。",
    "Der Zähler läuft rückwärts? Niemals ⚠, sagt die Prüfung.",
)


def count(text: str) -> int:
    """The tokens of a text by the published rule."""
    return sum(1 for _ in TOKEN.finditer(text))


def pieces(text: str) -> tuple[str, ...]:
    """The text in pieces of one token each, white space kept, so that joined they are the text again.

    A text without any token has no pieces.
    """
    ends = [match.end() for match in TOKEN.finditer(text)]
    if not ends:
        return ()
    ends[-1] = len(text)
    return tuple(text[start:end] for start, end in zip([0, *ends], ends, strict=False))


def _cut(sentences: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(pieces(sentence + " ") for sentence in sentences)


_PROSE_PIECES, _THOUGHTS_PIECES, _WORLD_PIECES = _cut(_PROSE), _cut(_THOUGHTS), _cut(_WORLD)


def prose(seed: int, at_least: int | None = None) -> tuple[str, ...]:
    """Pieces of whole sentences, 40 to 120 tokens as the seed says, or exactly `at_least` tokens."""
    found = _walk(_PROSE_PIECES, seed, at_least or 40 + (seed >> 24) % 41)
    return _ended(found[:at_least])


def thoughts(seed: int) -> tuple[str, ...]:
    """Pieces of a short train of thought, 20 to 60 tokens."""
    return _ended(_walk(_THOUGHTS_PIECES, seed, 20 + (seed >> 24) % 21))


def world(seed: int) -> tuple[str, ...]:
    """Pieces of sentences in several scripts, most of their characters longer than one byte."""
    return _ended(_walk(_WORLD_PIECES, seed, 40))


def _walk(sentences: tuple[tuple[str, ...], ...], seed: int, at_least: int) -> list[str]:
    size = len(sentences)
    place, stride = seed % size, 1 + (seed >> 8) % (size - 1)
    found: list[str] = []
    while len(found) < at_least:
        found += sentences[place]
        place = (place + stride) % size
    return found


def _ended(found: list[str]) -> tuple[str, ...]:
    found[-1] = found[-1].rstrip()
    return tuple(found)
