"""A caller who asks one request after the other, and how long each took.

python -m tests.hostile.steady, with a Plan as JSON on standard input; prints the milliseconds as JSON.
"""

import http.client
import json
import math
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

__all__ = ["Plan", "percentile"]

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Plan:
    """Where to, as whom, for which model, and for how long."""

    host: str
    port: int
    secret: str
    model: str
    seconds: float


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the others do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _asked(plan: Plan) -> list[float]:
    """Ask for as long as the plan says. Raises RuntimeError for anything but an answer."""
    body = json.dumps({"model": plan.model, "messages": [{"role": "user", "content": "What is a limit?"}]})
    took: list[float] = []
    ends = time.monotonic() + plan.seconds
    with closing(http.client.HTTPConnection(plan.host, plan.port, timeout=PATIENCE_SECONDS)) as wire:
        while (began := time.monotonic()) < ends:
            wire.request("POST", "/v1/chat/completions", body, {"X-API-Key": plan.secret})
            answer = wire.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {said[:500]!r}")
            took.append((time.monotonic() - began) * 1000)
    return took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_asked(Plan(**json.load(sys.stdin)))))
