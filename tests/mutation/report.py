"""What became of mutants, as the page `docs/mutation.md` tells it."""

import os
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kernel import clock
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import Mutant
from tests.mutation.results import ROOT, Key, Result, asked, chosen, key, whole

__all__ = ["outcome", "write_page"]

_PAGE = ROOT / "docs" / "mutation.md"
_BEGIN, _END = "<!-- run -->\n", "<!-- /run -->\n"
_COLUMNS = ("population", "run", "killed", "timeout", "survived", "untested", "equivalent", "invalid")


@dataclass(frozen=True, slots=True)
class _Tried:
    """A mutant that was run, where it is, and what became of it."""

    path: str
    mutant: Mutant
    outcome: str

    @property
    def why_alike(self) -> str:
        """Why no test can tell it from the code as it is."""
        return EQUIVALENT[_name(self.path, self.mutant)]


def outcome(path: str, mutant: Mutant, result: Result) -> str:
    """Return what became of a mutant: the outcome of its result, or `equivalent`."""
    alike = result.outcome == "survived" and _name(path, mutant) in EQUIVALENT
    return "equivalent" if alike else result.outcome


def _name(path: str, mutant: Mutant) -> tuple[str, str, str, str]:
    line = (ROOT / path).read_text().splitlines()[mutant.line - 1].strip()
    return path, line, mutant.was, mutant.text


def write_page(known: Mapping[Key, Result], *, sample: int, seed: int) -> None:
    """Write what is known into the page; mutants that were not run are told as such."""
    head, _, rest = _PAGE.read_text().partition(_BEGIN)
    text = _told(known, sample=sample, seed=seed)
    _PAGE.write_text(head + _BEGIN + text + _END + rest.partition(_END)[2])


def _told(known: Mapping[Key, Result], *, sample: int, seed: int) -> str:
    rows: dict[str, Counter[str]] = {}
    alive: list[_Tried] = []
    for module in asked([]):
        path = str(module.relative_to(ROOT))
        mutants, population = chosen(module, sample=sample, seed=seed)
        found = [
            _Tried(path, each, outcome(path, each, known[name]))
            for each in mutants
            if (name := key(path, each)) in known
        ]
        if not population:
            continue
        rows[path] = Counter(each.outcome for each in found)
        rows[path].update(population=population, run=len(found))
        alive += [each for each in found if each.outcome not in {"killed", "invalid", "timeout"}]
    tried = {path: count for path, count in rows.items() if count["run"]}
    money = sum((count for path, count in tried.items() if whole(path)), Counter[str]())
    others = sum((count for path, count in tried.items() if not whole(path)), Counter[str]())
    waiting = [f"`{path}` ({count['population']})" for path, count in rows.items() if not count["run"]]
    lines = [
        f"At {_commit()} on {clock.now():%Y-%m-%d}, {os.cpu_count()} cores, seed {seed}:",
        f"**{money['run'] + others['run']:,} mutants of {sum(c['population'] for c in rows.values()):,} were run. "
        f"Noticed of what computes and moves money: {_rate(money)}; of the sample of the rest: {_rate(others)}.**",
        "The rate leaves out those that change nothing and those that are invalid; a timeout is noticed, untested is not.",
        "",
        f"| Module | {' | '.join(column.capitalize() for column in _COLUMNS)} |",
        f"|---|{'---:|' * len(_COLUMNS)}",
        _row("**Money**", money),
        *(_row(f"`{path}`", count) for path, count in tried.items() if whole(path)),
        _row("**The rest, sampled**", others),
        *(_row(f"`{path}`", count) for path, count in tried.items() if not whole(path)),
        "",
        f"Not run, and counted nowhere above: {', '.join(waiting) or 'none'}.",
        "",
        "### Equivalent",
        "",
        "| Where | Was | Becomes | Why no test can tell |",
        "|---|---|---|---|",
        *(_line(each, each.why_alike) for each in alive if each.outcome == "equivalent"),
        "",
        "### Alive",
        "",
        "| Where | Was | Becomes | |",
        "|---|---|---|---|",
        *(_line(each, each.outcome) for each in alive if each.outcome != "equivalent"),
    ]
    return "\n".join(lines) + "\n"


def _rate(count: Counter[str]) -> str:
    tried = count["run"] - count["invalid"] - count["equivalent"]
    return f"{100 * (count['killed'] + count['timeout']) / tried:.1f} %" if tried else "nothing yet"


def _row(name: str, count: Counter[str]) -> str:
    return f"| {name} | {' | '.join(f'{count[column]:,}' for column in _COLUMNS)} |"


def _line(tried: _Tried, said: str) -> str:
    changed = (tried.mutant.was, tried.mutant.text)
    was, text = (" ".join(each.split()).replace("|", "\\|")[:60] for each in changed)
    return f"| `{tried.path}:{tried.mutant.line}` | `{was}` | `{text or ' '}` | {said} |"


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
