"""A run in Markdown: what was measured, against the goals and beside one another, and what was wrong."""

from collections.abc import Iterator, Sequence

from .figures import Run
from .goals import GOALS, Goal

__all__ = ["told"]

MB = 10**6


def told(run: Run, head: str, charts: Sequence[str] = ()) -> str:
    """Return the report; `head` says what ran where, `charts` are the pictures as links in Markdown."""
    pictures = "".join(f"\n{each}\n" for each in charts)
    return (
        "\n".join([head, *_verdict(run), _goals(run), pictures, *_loads(run), *_singles(run)]).rstrip() + "\n"
    )


def _verdict(run: Run) -> Iterator[str]:
    yield from (f"{each}\n" for each in run.proofs)
    yield from (f"**Left out: {name}**, {reason}.\n" for name, reason in run.left_out.items())
    yield from (f"**Wrong: {each}.**\n" for each in run.findings)
    for load in run.loads():
        for target in run.targets():
            if faults := run.faults(load, target):
                kinds = ", ".join(f"{number} × {kind}" for kind, number in faults.items())
                yield f"**No data: {load}, {target}**: {kinds}; rounds with a wrong answer are left out.\n"


def _goals(run: Run) -> str:
    rows = "".join(_goal(goal, goal.read(run)) for goal in GOALS)
    return f"| | measure | goal | measured | |\n| --- | --- | ---: | ---: | --- |\n{rows}"


def _goal(goal: Goal, value: float | None) -> str:
    wanted = f"{goal.bound} {_number(goal.number)} {goal.unit}".rstrip()
    if value is None:
        return f"| {goal.line} | {goal.measure} | {wanted} | – | not measured |\n"
    measured = f"{_number(value)} {goal.unit}".rstrip()
    met = "met" if goal.met(value) else "**missed**"
    return f"| {goal.line} | {goal.measure} | {wanted} | {measured} | {met} |\n"


def _loads(run: Run) -> Iterator[str]:
    for load in run.loads():
        rows = "".join(filter(None, (_row(run, load, target) for target in run.targets())))
        yield (
            f"{load[0].upper()}{load[1:]}:\n\n"
            "| | answers a second | CPU µs each | p50, p95, p99 ms | first byte p50, p95 ms | answers |\n"
            f"| --- | ---: | ---: | ---: | ---: | ---: |\n{rows}"
        )


def _row(run: Run, load: str, target: str) -> str:
    row = run.median(load, target)
    if row is None:
        return ""
    took = ", ".join(_number(each) for each in row.took)
    first = ", ".join(_number(each) for each in row.first[:2])
    return f"| {target} | {row.rate:,.0f} | {row.cpu_us:,.0f} | {took} | {first} | {row.answers:,} |\n"


def _singles(run: Run) -> Iterator[str]:
    rows = "".join(f"| {name} | {value} |\n" for name, value in _named(run))
    if rows:
        yield f"Other figures:\n\n| | |\n| --- | ---: |\n{rows}"


def _named(run: Run) -> Iterator[tuple[str, str]]:
    for name, value in run.values.items():
        kind, _, rest = name.partition(" ")
        if kind == "idle":
            yield f"memory, idle: {rest}", f"{value / MB:,.0f} MB"
        elif kind == "stream":
            yield f"memory, each open stream: {rest}", f"{value / 1000:,.0f} kB"
        elif kind == "trickle":
            yield f"p95 of one request a second, {rest}", f"{value:,.1f} ms"
        elif kind == "charged":
            whose, _, size = rest.partition(" ")
            yield (
                f"charged a second, {int(size):,} events, {whose} workspace{'s' * (whose != 'one')}",
                f"{value:,.0f}",
            )
        else:
            yield f"{name} a second", f"{value:,.0f}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")
