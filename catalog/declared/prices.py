"""How dated prices follow the file: by new versions from now on, because charges name the versions they took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog import price_book, price_rules
from catalog.models import Model, PriceVersion, Provider, Rate
from catalog.pricing import RateCard

from . import values
from .book import Entry, Price, Step
from .exporting import in_force
from .rows import save
from .run import Run

__all__ = ["check_losses", "known", "price"]


def known(models: Sequence[Model]) -> Mapping[tuple[int, int | None], list[PriceVersion]]:
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
    known: list[PriceVersion],
) -> list[tuple[Price, PriceVersion]]:
    """Add the prices that the file has and the price book, `known`, has not; `provider` None is the sell price.

    The newest standard price that has begun is the one in force. Where another is in force, it begins now: the past
    is what charges were made by. A price ahead begins when the file says. Returns what was added.
    """
    book = _Book(run, model, provider, known, fresh=not known)
    _standards(book, [one for one in stated if one.standard])
    for one in stated:
        if not one.standard:
            _special(book, one)
    return book.added


def check_losses(run: Run, added: Iterable[tuple[Price, PriceVersion]]) -> None:
    """Note each promotion and time of day that is sold below what a provider charges, and does not say it means to."""
    for one, version in added:
        if version.provider_id is not None or one.standard or version.below_cost:
            continue
        lost = ", ".join(f"{name} at {slug}" for slug, name in price_book.losses(version))
        if lost:
            run.problems.add(
                one.node, f"sells {lost} below cost; say `below_cost: true` and a `reason` if it is meant"
            )


@dataclass
class _Book:
    """The price book of one model and payee under way."""

    run: Run
    model: Model
    provider: Provider | None
    known: list[PriceVersion]
    fresh: bool
    added: list[tuple[Price, PriceVersion]] = field(default_factory=list)

    def alive(self, place: tuple[Any, ...]) -> list[PriceVersion]:
        """Return the versions of a kind and time of day that are not over, newest last."""
        now = self.run.moment
        found = [
            v for v in self.known if _place(v) == place and (v.valid_until is None or v.valid_until > now)
        ]
        return sorted((v for v in found if not v.withdrawn), key=lambda version: version.valid_from)


def _standards(book: _Book, stated: Sequence[Price]) -> None:
    run, now = book.run, in_force(book.known, book.run.moment)
    begun = sorted(
        (one for one in stated if (one.valid_from or run.moment) <= run.moment),
        key=lambda one: one.valid_from or run.moment,
    )
    for past in begun[:-1]:
        if now is None:
            _add(book, past, past.valid_from or run.moment, None)
        elif not any(v.valid_from == past.valid_from and _steps(v) == past.steps for v in book.known):
            run.note(past.node, "is past and was never in force here; it is left out")
    for standing in begun[-1:]:
        if now is None:
            _add(book, standing, standing.valid_from or run.moment, None)
        elif _steps(now) != standing.steps:
            if standing.valid_from not in (None, now.valid_from):
                run.note(standing.node, "begins now: what was sold since its date was sold at another price")
            _add(book, standing, run.moment, now)
    for ahead in stated:
        if ahead.valid_from is not None and ahead.valid_from > run.moment:
            _announce(book, ahead, ahead.valid_from)


def _special(book: _Book, one: Price) -> None:
    run, begins = book.run, one.valid_from
    ends = one.facts["valid_until"]
    if begins is not None and begins > run.moment:
        _announce(book, one, begins)
        return
    if ends is not None and ends <= run.moment:
        run.note(one.node, "is over; it is left out")
        return
    standing = next((v for v in reversed(book.alive(one.place)) if v.valid_from <= run.moment), None)
    if standing is not None and _same(standing, one):
        _end(book, standing, one, ends)
        return
    if standing is not None:
        _end(book, standing, one, run.moment)
    _add(book, one, begins if begins is not None and book.fresh else run.moment, None)


def _announce(book: _Book, ahead: Price, begins: datetime) -> None:
    announced = next((v for v in book.alive(ahead.place) if v.valid_from == begins), None)
    if announced is None:
        _add(book, ahead, begins, None)
    elif not _same(announced, ahead):
        book.run.problems.add(
            ahead.node,
            "is announced with other rates, and announced prices do not change; give it another moment",
        )
    else:
        _end(book, announced, ahead, ahead.facts["valid_until"])


def _end(book: _Book, version: PriceVersion, one: Price, ends: datetime | None) -> None:
    """Move the end of a version nearer, if the file says so."""
    if ends == version.valid_until:
        return
    if ends is None or (version.valid_until is not None and ends > version.valid_until):
        book.run.problems.add(
            one.node, "is to end earlier already, and an end moves nearer only; add another that begins then"
        )
        return
    version.valid_until = ends
    if save(book.run, version, Entry(one.node, {}, {}), ["valid_until"]):
        until = "now" if ends == book.run.moment else f"at {values.moment_text(ends)}"
        book.run.changed(one.node, f"{version.label} ends {until}")


def _add(book: _Book, stated: Price, begins: datetime, before: PriceVersion | None) -> None:
    run = book.run
    version = PriceVersion(model=book.model, provider=book.provider, valid_from=begins, **stated.facts)
    standing = in_force([known for known in book.known if known.valid_from <= begins], begins)
    if not _plausible(run, stated, standing) or not save(run, version, Entry(stated.node, {}, {})):
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
    book.known.append(version)
    book.added.append((stated, version))
    since = "now" if begins == run.moment else values.moment_text(begins)
    label = f"{version.label}: " if version.label else ""
    run.added(stated.node, f"{label}{_told(stated.steps, before)}, from {since}")


def _plausible(run: Run, stated: Price, standing: PriceVersion | None) -> bool:
    """Tell whether a price has what the standard one has and moves by no more than was confirmed; note what speaks against it."""
    if standing is None:
        return True
    new, old = _card(stated.steps), _card(_steps(standing))
    missing = () if stated.standard else price_rules.lacking(new, old)
    if missing:
        run.problems.add(stated.node, f"lacks {', '.join(missing)}, which the standard price has")
    moved = () if run.confirm_jumps else price_rules.jumps(new, old)
    for jump in moved:
        run.problems.add(
            stated.node,
            f"makes {jump.token_class}{f'>{jump.above}' if jump.above else ''} {jump.times} "
            f"({values.rate_text(jump.token_class, jump.old)} → {values.rate_text(jump.token_class, jump.new)}); "
            "apply with --confirm-jumps if it is meant",
        )
    return not missing and not moved


def _same(version: PriceVersion, one: Price) -> bool:
    return _steps(version) == one.steps and version.label == one.facts["label"]


def _place(version: PriceVersion) -> tuple[Any, ...]:
    return version.kind, version.daily_from, version.daily_until, version.weekdays


def _card(steps: Iterable[Step]) -> RateCard:
    rates: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for step in sorted(steps):
        rates[step.token_class].append((step.above, step.micro))
    return RateCard(0, {name: tuple(found) for name, found in rates.items()})


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
