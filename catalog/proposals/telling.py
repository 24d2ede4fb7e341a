"""A proposal in words: what stands and what would be, line by line; how far it moves; what approving it does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalog.declared.values import rate_text
from catalog.models import Proposal, TokenClass

from . import figures
from .figures import BY_THE_PIECE, PPM, Move

__all__ = ["Line", "effects", "lines", "move_text", "rate_lines", "short"]

Kind = Proposal.Kind
NOTHING = "none"
_SHORT_AT_MOST = 3
_TEN_FOLD = 10 * PPM


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a proposal: what it is of, as it is (nothing, of what is new), as it would be, and how far that is."""

    what: str
    before: str
    after: str
    move: str

    def __str__(self) -> str:
        return f"{self.what} {self.before} → {self.after}" if self.before else f"{self.what} {self.after}"


def lines(proposal: Proposal) -> list[Line]:
    """Return what a proposal would change, figure by figure."""
    match proposal.kind:
        case Kind.COST:
            before = _rates(proposal, "before")
            found = rate_lines(before, _rates(proposal, "after"))
            return found if before else [replace(line, before="") for line in found]
        case Kind.UNPRICED:
            return rate_lines(
                _rates(proposal, "before"), _rates(proposal, "after"), tuple(proposal.after["classes"])
            )
        case Kind.CONTEXT:
            return list(_limits(proposal))
        case Kind.GONE:
            return [Line("listed", "yes", "no", "")]
    return list(_new(proposal))


def rate_lines(
    before: figures.Rates, after: figures.Rates, classes: tuple[str, ...] | None = None
) -> list[Line]:
    """Return the rates that differ, in the order of the price book; USD per million tokens, or per piece."""
    return [_rate_line(move, before) for move in sorted(figures.moves(before, after, classes), key=_order)]


def short(proposal: Proposal) -> str:
    """Return what a proposal would change in one line."""
    told = [f"{line}{f' ({line.move})' if line.move else ''}" for line in lines(proposal)]
    more = len(told) - _SHORT_AT_MOST
    return ", ".join(told[:_SHORT_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def move_text(ppm: int | None) -> str:
    """Return a move in per cent, or as a factor from ten-fold on; nothing for one that cannot be told."""
    if ppm is None:
        return ""
    if ppm >= _TEN_FOLD - PPM:
        return f"× {(ppm + PPM) / PPM:,.4g}"
    size = f"{abs(ppm) / (PPM // 100):.1f}".removesuffix(".0")
    sign = "+" if ppm > 0 else "−"
    return f"{sign}{size} %" if size != "0" else f"{sign}<0.1 %"


def effects(proposal: Proposal) -> list[str]:
    """Return what approving a proposal does, and for a class without a price what happens to it until then."""
    match proposal.kind:
        case Kind.COST:
            return [
                f"Approving adds a cost version of {proposal.provider}, in force from that moment. What was charged"
                " before keeps the version it names.",
                _sell_price(proposal),
            ]
        case Kind.UNPRICED:
            return [*map(_quarantine, proposal.after["classes"]), "Approving ends that: it adds the sell price shown, in"
                    " force from that moment, at the margin of plain tokens, or at cost where there is none. Rejecting"
                    " leaves it so."]  # fmt: skip
        case Kind.CONTEXT:
            return ["Approving changes the model's limits at once. Prompts that no longer fit are refused."]
        case Kind.GONE:
            return [
                "Approving drafts the next version of the model's chain without that hop. It goes live when you publish"
                " it; until then requests that come to the hop fail there and go on to the next."
            ]
    return [
        "Approving adds the model switched off, its cost where one is listed, and a draft of its chain. It is sold once"
        " you have given it a price, published the chain and switched it on."
    ]


def _sell_price(proposal: Proposal) -> str:
    if not proposal.held:
        return (
            "The sell price stays, unless you have it follow: then each class earns the same share as today."
        )
    said = "follows, each class earning the same share as today" if proposal.sell_too else "stays"
    return f"The sell price {said}, as the first person said."


def _quarantine(token_class: str) -> str:
    if token_class in BY_THE_PIECE:
        return (
            f"{token_class} is in quarantine: the provider charges us for it, and customers have no price for it and pay"
            " nothing for it."
        )
    plain = figures.plain_class(token_class) or token_class
    return (
        f"{token_class} is in quarantine: customers have no price for it. Such tokens are sold as plain {plain}, never"
        " given away, and each request that reports them is marked suspect."
    )


def _rates(proposal: Proposal, side: str) -> dict[str, figures.Steps]:
    return figures.read_back(getattr(proposal, side).get("rates", {}))


def _order(move: Move) -> tuple[int, int]:
    return list(TokenClass.values).index(move.token_class), move.above


def _rate_line(move: Move, before: figures.Rates) -> Line:
    what = f"{move.token_class}>{move.above}" if move.above else move.token_class
    old = NOTHING if move.old is None else rate_text(move.token_class, move.old)
    if move.old is not None and move.token_class not in before:
        old = f"{old}, as {figures.plain_class(move.token_class)}"
    new = NOTHING if move.new is None else rate_text(move.token_class, move.new)
    return Line(what, old, new, move_text(move.ppm))


def _limits(proposal: Proposal) -> Iterator[Line]:
    for name, what in (("context", "context length"), ("max_output", "greatest answer")):
        old, new = proposal.before[name], proposal.after[name]
        if old != new:
            yield Line(what, f"{old:,}", f"{new:,}", move_text((new - old) * PPM // old) if old else "")


def _new(proposal: Proposal) -> Iterator[Line]:
    for name, what in (("name", "name"), ("context", "context length"), ("max_output", "greatest answer")):
        value = proposal.after.get(name)
        if value:
            yield Line(what, "", f"{value:,}" if isinstance(value, int) else value, "")
    for line in rate_lines({}, _rates(proposal, "after")):
        yield replace(line, before="")
