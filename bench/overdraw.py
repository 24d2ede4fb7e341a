"""Whether credit can be overdrawn: a thousand rounds of 200 requests at once, through two processes.

PYTHONPATH=.:platform python bench/overdraw.py [--rounds 1000] [--seed 1]

Each round is a customer of its own with credit for K requests of 200, K drawn at random, 0, 1, 199 and 200 often; those
let in are settled for what they held or less. Works in a database of its own, which it drops.
"""

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from bench.own_database import own_database

if TYPE_CHECKING:
    from tests.billing.overdrawing import Round


def main() -> None:
    """Play and tell; the exit code is 1 if a round was not exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with own_database():
        exact = _played(asked.rounds, asked.seed)
    sys.exit(0 if exact else 1)


def _played(number: int, seed: int) -> bool:
    from tests.billing import overdrawing

    dice, began = random.Random(seed), time.monotonic()
    with overdrawing.gates() as pipes:
        played = [overdrawing.play(pipes, dice) for _ in range(number)]
    _tell(played, time.monotonic() - began, overdrawing.AT_ONCE)
    return all(each.exact for each in played)


def _tell(played: "list[Round]", seconds: float, at_once: int) -> None:
    refused = sum((each.refused for each in played), Counter[str]())
    took = sorted(each.seconds * 1000 for each in played)
    print(f"rounds                            {len(played):,} of {at_once} requests in {seconds:.0f} s")
    print(f"rounds that let in exactly K      {sum(each.admitted == each.covered for each in played):,}")
    print(
        f"let in, for which there was credit {sum(each.admitted for each in played):,} of {sum(each.covered for each in played):,}"
    )
    print(
        f"by process                        {[sum(each.by_process[place] for each in played) for place in range(2)]}"
    )
    print(f"refused                           {dict(sorted(refused.items()))}")
    print(f"held more than there was          {sum(each.held > each.funds for each in played)}")
    print(f"left less than nothing            {sum(each.left < 0 for each in played)}")
    print(f"held after the last was settled   {sum(each.held_at_last for each in played)}")
    print(
        f"200 verdicts                      p50 {statistics.median(took):.1f} ms, slowest {took[-1]:.1f} ms"
    )
    for each in played:
        if not each.exact:
            print(f"NOT EXACT: {each}")


if __name__ == "__main__":
    main()
