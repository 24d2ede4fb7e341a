"""How dated prices and factors follow the file: by new rows from now on, because charges name the rows they took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from catalog.models import Model, Multiplier, PriceVersion, Provider, Rate

from . import values
from .book import Entry, Factor, Price, Step
from .exporting import in_force
from .rows import save
from .run import Run

__all__ = ["factors", "known", "price"]


def known(models: Sequence[Model]) -> Mapping[tuple[int, int | None], Sequence[PriceVersion]]:
    """Return the price book of some models, by model and provider; None for the sell price, nothing where none is."""
    found: dict[tuple[int, int | None], list[PriceVersion]] = defaultdict(list)
    for version in PriceVersion.objects.filter(model__in=models).prefetch_related("rates"):
        found[version.model_id, version.provider_id].append(version)
    return found


def price(
    run: Run,
    model: Model,
    provider: Provider | None,
    stated: Sequence[Price],
    known: Sequence[PriceVersion],
) -> None:
    """Add the prices that the file has and the price book, `known`, has not; `provider` None is the sell price.

    The newest that has begun is the price in force. Where another is in force, it begins now: the past is what
    charges were made by. A price ahead begins when the file says.
    """
    now = in_force(known, run.moment)
    begun = sorted(
        (one for one in stated if (one.valid_from or run.moment) <= run.moment),
        key=lambda one: one.valid_from or run.moment,
    )
    for past in begun[:-1]:
        if now is None:
            _add(run, model, provider, past, past.valid_from or run.moment, None)
        elif not any(v.valid_from == past.valid_from and _steps(v) == past.steps for v in known):
            run.note(past.node, "is past and was never in force here; it is left out")
    for standing in begun[-1:]:
        if now is None:
            _add(run, model, provider, standing, standing.valid_from or run.moment, None)
        elif _steps(now) != standing.steps:
            if standing.valid_from not in (None, now.valid_from):
                run.note(standing.node, "begins now: what was sold since its date was sold at another price")
            _add(run, model, provider, standing, run.moment, now)
    for ahead in stated:
        if ahead.valid_from is not None and ahead.valid_from > run.moment:
            _announce(run, model, provider, ahead, ahead.valid_from, known)


def _announce(
    run: Run,
    model: Model,
    provider: Provider | None,
    ahead: Price,
    begins: datetime,
    known: Iterable[PriceVersion],
) -> None:
    announced = next((version for version in known if version.valid_from == begins), None)
    if announced is None:
        _add(run, model, provider, ahead, begins, None)
    elif _steps(announced) != ahead.steps:
        run.problems.add(
            ahead.node,
            "is announced with other rates, and announced prices do not change; give it another moment",
        )


def _add(
    run: Run,
    model: Model,
    provider: Provider | None,
    stated: Price,
    begins: datetime,
    before: PriceVersion | None,
) -> None:
    version = PriceVersion(model=model, provider=provider, valid_from=begins, source=stated.source)
    if not save(run, version, Entry(stated.node, {}, {})):
        return
    Rate.objects.bulk_create(
        [
            Rate(
                price_version=version,
                token_class=step.token_class,
                min_prompt_tokens=step.above,
                micro_usd_per_million=step.micro,
            )
            for step in sorted(stated.steps)
        ]
    )
    since = "now" if begins == run.moment else values.moment_text(begins)
    run.added(stated.node, f"{_told(stated.steps, before)}, from {since}")


def _steps(version: PriceVersion) -> frozenset[Step]:
    rates = version.rates.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
    return frozenset(
        Step(rate.token_class, rate.min_prompt_tokens, rate.micro_usd_per_million) for rate in rates
    )


def _told(steps: frozenset[Step], before: PriceVersion | None) -> str:
    """Tell the rates, or against an earlier version only those that differ."""
    old = {(step.token_class, step.above): step.micro for step in (_steps(before) if before else ())}
    new = {(step.token_class, step.above): step.micro for step in steps}
    told = []
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        name = f"{key[0]}>{key[1]}" if key[1] else key[0]
        was, becomes = (
            "none" if micro is None else values.rate_text(key[0], micro)
            for micro in (old.get(key), new.get(key))
        )
        told.append(f"{name} {was} → {becomes}" if before else f"{name} {becomes}")
    return ", ".join(told)


def factors(run: Run, stated: Sequence[Factor]) -> None:
    """Add, end and lengthen multipliers of one scope and target so that those of the file are in force.

    A factor that changes is ended now and followed by the new one.
    """
    rows = list(Multiplier.objects.filter(scope=stated[0].scope, target=stated[0].target))
    alive = [row for row in rows if row.valid_until is None or row.valid_until > run.moment]
    begun = sorted(
        (one for one in stated if (one.valid_from or run.moment) <= run.moment),
        key=lambda one: one.valid_from or run.moment,
    )
    taken: set[int] = set()
    unmet: list[Factor] = []
    for one in begun:
        row = _fitting(one, [row for row in alive if row.valid_from <= run.moment and row.pk not in taken])
        if row is None:
            unmet.append(one)
        else:
            taken.add(row.pk)
            _lengthen(run, row, one)
    for one in unmet:
        _replace(run, one, begun[-1], rows, [row for row in alive if row.pk not in taken])
    for one in stated:
        if one.valid_from is not None and one.valid_from > run.moment:
            _foresee(run, one, one.valid_from, rows)


def _fitting(one: Factor, rows: Sequence[Multiplier]) -> Multiplier | None:
    same = [row for row in rows if row.factor_ppm == one.ppm]
    exact = [row for row in same if row.valid_from == one.valid_from]
    return max(exact or same, key=lambda row: row.valid_from, default=None)


def _replace(
    run: Run, one: Factor, newest: Factor, rows: Sequence[Multiplier], free: Sequence[Multiplier]
) -> None:
    begun = [row for row in free if row.valid_from <= run.moment]
    if not any(row.valid_from <= run.moment for row in rows):
        _add_factor(run, one, one.valid_from or run.moment)
    elif one is not newest:
        run.problems.add(
            one.node,
            "is covered by a later one, and only the one in force can change; wait until that has ended",
        )
    else:
        for row in begun:
            row.valid_until = run.moment
            if save(run, row, Entry(one.node, {}, {}), ["valid_until"]):
                run.changed(one.node, f"{values.factor_text(row.factor_ppm)} ends now")
        if one.valid_until is None or one.valid_until > run.moment:
            _add_factor(run, one, run.moment)


def _foresee(run: Run, one: Factor, begins: datetime, rows: Sequence[Multiplier]) -> None:
    announced = next((row for row in rows if row.valid_from == begins), None)
    if announced is None:
        _add_factor(run, one, begins)
    elif announced.factor_ppm != one.ppm:
        run.problems.add(one.node, "is announced with another factor, which does not change; end it first")
    else:
        _lengthen(run, announced, one)


def _lengthen(run: Run, row: Multiplier, one: Factor) -> None:
    before = (row.valid_until, row.reason)
    after = (one.valid_until if one.ends else row.valid_until, one.reason)
    if before == after:
        return
    row.valid_until, row.reason = after
    if save(run, row, Entry(one.node, {}, {}), ["valid_until", "reason"]):
        ends = "without end" if row.valid_until is None else f"until {values.moment_text(row.valid_until)}"
        run.changed(one.node, f"{ends}, {row.reason}")


def _add_factor(run: Run, one: Factor, begins: datetime) -> None:
    row = Multiplier(
        scope=one.scope,
        target=one.target,
        factor_ppm=one.ppm,
        valid_from=begins,
        valid_until=one.valid_until,
        reason=one.reason,
    )
    if save(run, row, Entry(one.node, {}, {})):
        since = "now" if begins == run.moment else values.moment_text(begins)
        aim = " ".join(filter(None, (one.scope, one.target)))
        run.added(one.node, f"{aim} × {values.factor_text(one.ppm)} from {since}")
