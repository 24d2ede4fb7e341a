"""What became of mutants, as the page `docs/mutation.md` tells it."""

import os
import subprocess
from collections import Counter
from collections.abc import Mapping

from kernel import clock
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.results import ROOT, Result, asked, chosen, whole

__all__ = ["write_page"]

_PAGE = ROOT / "docs" / "mutation.md"
_BEGIN, _END = "<!-- run -->\n", "<!-- /run -->\n"
_COLUMNS = ("population", "run", "killed", "timeout", "survived", "untested", "equivalent", "invalid")


def write_page(known: Mapping[tuple[str, int, str, str], Result], *, sample: int, seed: int) -> None:
    """Write what is known into the page; mutants that were not run are told as such."""
    head, _, rest = _PAGE.read_text().partition(_BEGIN)
    text = _told(known, sample=sample, seed=seed)
    _PAGE.write_text(head + _BEGIN + text + _END + rest.partition(_END)[2])


def _told(known: Mapping[tuple[str, int, str, str], Result], *, sample: int, seed: int) -> str:
    rows: dict[str, Counter[str]] = {}
    alive: list[Result] = []
    for module in asked([]):
        path = str(module.relative_to(ROOT))
        mutants, population = chosen(module, sample=sample, seed=seed)
        found = [known[key] for each in mutants if (key := (path, each.start, each.was, each.text)) in known]
        if not population:
            continue
        rows[path] = Counter(_outcome(result) for result in found)
        rows[path].update(population=population, run=len(found))
        alive += [result for result in found if _outcome(result) not in {"killed", "invalid", "timeout"}]
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
        *(_line(result, EQUIVALENT[_name(result)]) for result in alive if _outcome(result) == "equivalent"),
        "",
        "### Alive",
        "",
        "| Where | Was | Becomes | |",
        "|---|---|---|---|",
        *(_line(result, result.outcome) for result in alive if _outcome(result) != "equivalent"),
    ]
    return "\n".join(lines) + "\n"


def _outcome(result: Result) -> str:
    return "equivalent" if result.outcome == "survived" and _name(result) in EQUIVALENT else result.outcome


def _name(result: Result) -> tuple[str, str, str, str]:
    line = (ROOT / result.path).read_text().splitlines()[result.line - 1].strip()
    return result.path, line, result.was, result.text


def _rate(count: Counter[str]) -> str:
    tried = count["run"] - count["invalid"] - count["equivalent"]
    return f"{100 * (count['killed'] + count['timeout']) / tried:.1f} %" if tried else "nothing yet"


def _row(name: str, count: Counter[str]) -> str:
    return f"| {name} | {' | '.join(f'{count[column]:,}' for column in _COLUMNS)} |"


def _line(result: Result, said: str) -> str:
    was, text = (" ".join(each.split()).replace("|", "\\|")[:60] for each in (result.was, result.text))
    return f"| `{result.path}:{result.line}` | `{was}` | `{text or ' '}` | {said} |"


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
