"""What is mutated and what became of it: lines of JSON, of which those count whose function still reads the same."""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants

__all__ = ["ROOT", "Key", "Result", "add", "asked", "chosen", "key", "known", "whole"]

ROOT = Path(__file__).resolve().parents[2]

# Every mutant of these is run: they compute money or move it. Of the other modules of billing, a sample.
WHOLE = (
    "catalog/pricing.py",
    *(
        f"billing/{name}.py"
        for name in ("ledger", "rollup", "late", "leases", "settlement", "settling", "taking", "admission")
    ),
    *(f"billing/{name}.py" for name in ("budgets", "holds", "explanations", "recomputed", "sums")),
    "billing/credits",
    "billing/moves",
    "billing/repricing",
    "billing/paper/cents.py",
    "billing/paper/movements.py",
    "billing/paper/reconciliation.py",
    "billing/paper/stating.py",
    "billing/payments/fulfilment.py",
    "billing/vouchers/redeeming.py",
    "billing/subscriptions/granting.py",
    "billing/subscriptions/periods.py",
    "billing/proof",
    "billing/statements",
)


Key = tuple[str, str, int, str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mutant: killed, survived, untested (no test runs what it changes), timeout, or invalid.

    `part` is the digest of the function or constant that was changed, and `at` the byte of it: other functions of the
    module may change and move it, and the outcome still counts.
    """

    path: str
    part: str
    at: int
    was: str
    text: str
    outcome: str
    by: str
    why: str


def asked(paths: Sequence[str]) -> list[Path]:
    """Return the modules under some paths, or all that are mutated."""
    found = []
    for each in paths or (*WHOLE, "billing"):
        path = ROOT / each
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return list(dict.fromkeys(path for path in found if "migrations" not in path.parts))


def whole(path: str) -> bool:
    """Tell whether every mutant of a module is run, and no sample."""
    return any(path == each or path.startswith(f"{each}/") for each in WHOLE)


def chosen(module: Path, *, sample: int, seed: int) -> tuple[list[Mutant], int]:
    """Return the mutants of a module that are to be run, in the order of its text, and how many there are."""
    path, population = str(module.relative_to(ROOT)), mutants(module.read_bytes())
    if whole(path) or len(population) <= sample:
        return population, len(population)
    return sorted(random.Random(f"{seed} {path}").sample(population, sample)), len(population)


def key(path: str, mutant: Mutant) -> Key:
    """Return what tells a mutant from all others, for as long as its function or constant reads the same."""
    digest = hashlib.sha256(mutant.part).hexdigest()[:16]
    return path, digest, mutant.at, mutant.was, mutant.text


def add(file: Path, result: Result) -> None:
    """Write down what became of a mutant."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(result)) + "\n")


def known(file: Path) -> dict[Key, Result]:
    """Return the last word on every mutant that was ever run."""
    if not file.exists():
        return {}
    results = [Result(**json.loads(line)) for line in file.read_text().splitlines()]
    return {(each.path, each.part, each.at, each.was, each.text): each for each in results}
