"""Memory: of a worker that does nothing, and of one that has very many streams open."""

import time
from collections.abc import Sequence

from . import meters
from .figures import Run
from .load import beside
from .targets import Target

__all__ = ["play"]

OPEN_AFTER_SECONDS = 10.0
"""When all streams have begun and none has ended: the slow shape takes half as long again."""


def play(targets: Sequence[Target], streaming: Sequence[Target], *, streams: int, run: Run) -> None:
    """Note what each of `targets` takes idle, and each of `streaming`, freshly started, for an open stream.

    A finding where the streams did not all begin in time, or were not all answered rightly.
    """
    for target in targets:
        run.values[f"idle {target.name}"] = meters.memory_bytes(target.pid)
    for target in streaming:
        idle = meters.memory_bytes(target.pid)
        with beside(target, "slow", connections=streams, requests=streams) as ended:
            time.sleep(OPEN_AFTER_SECONDS)
            taken = meters.memory_bytes(target.pid) - idle
        [outcome] = ended
        run.values[f"stream {target.name}"] = taken / streams
        if outcome.faults or outcome.answers != streams or outcome.first[2] > OPEN_AFTER_SECONDS * 1000:
            run.findings.append(
                f"{target.name}: {outcome.answers} of {streams} open streams answered,"
                f" {outcome.faults or 'none wrong'}, 99 % had begun after {outcome.first[2] / 1000:.1f} s"
            )
