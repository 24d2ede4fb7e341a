"""What one seed makes of the load: which request each client sends, when, and whether it hangs up."""

import random
from dataclasses import dataclass

__all__ = ["STREAMS", "WORKSPACES", "Asked", "credits_usd", "drawn"]

STREAMS = 0.7
HANG_UPS = 0.12
GREATEST_TOKENS = 90
WORKSPACES = 5
_POOR = WORKSPACES - 1

# Ways and how often they are drawn. Slow ones are open for seconds, so that a death finds them in the middle.
_STREAMED = {
    "route/deepseek-v3.2": 6,
    "sandbox/slow": 6,
    "sandbox/endless": 3,
    "sandbox/reasoning": 2,
    "sandbox/cached": 2,
    "sandbox/cut-stream": 1,
    "sandbox/no-usage": 1,
}
_PLAIN = {"route/deepseek-v3.2": 6, "sandbox/reasoning": 2, "sandbox/cached": 2, "sandbox/flaky": 1}
_WORDS = ("toll", "road", "bridge", "ferry", "coach", "lorry", "gate", "barrier", "coin", "receipt")
_SLOW = {"sandbox/slow": (6, 24)}  # at four tokens a second
_NEVER_ENDS = ("sandbox/endless",)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its marker is the first word of its prompt. `due` in seconds after the start of the load."""

    marker: str
    due: float
    workspace: int
    model: str
    stream: bool
    prompt: str
    max_tokens: int | None
    hang_up_after: int | None  # pieces heard


def credits_usd(requests: int) -> list[str]:
    """Return the opening credit of each workspace in USD: the last one's covers about a third of its share."""
    return ["500"] * (WORKSPACES - 1) + [f"{requests * 0.000002:.6f}"]


def drawn(*, seed: int, requests: int, seconds: float) -> list[Asked]:
    """Draw so many requests over so many seconds, the same for the same seed."""
    dice = random.Random(f"load {seed}")
    return [
        _one(dice, marker=f"m{seed}x{number}", due=seconds * number / requests) for number in range(requests)
    ]


def _one(dice: random.Random, *, marker: str, due: float) -> Asked:
    stream = dice.random() < STREAMS
    workspace = dice.randrange(WORKSPACES)
    ways = _STREAMED if stream else _PLAIN
    if workspace == _POOR:
        # Nothing is overdrawn where upstreams keep to max_tokens; these write more than was held.
        ways = {model: often for model, often in ways.items() if model not in _NEVER_ENDS}
    (model,) = dice.choices(list(ways), weights=list(ways.values()))
    low, high = _SLOW.get(model, (1, GREATEST_TOKENS))
    leaves = stream and (model in _NEVER_ENDS or dice.random() < HANG_UPS)
    prompt = " ".join([marker, *dice.choices(_WORDS, k=dice.randint(3, 60))])
    return Asked(
        marker=marker,
        due=due,
        workspace=workspace,
        model=model,
        stream=stream,
        prompt=prompt,
        max_tokens=dice.randint(low, high),
        hang_up_after=dice.randint(1, 200 if model in _NEVER_ENDS else low + 10) if leaves else None,
    )
