"""What callers may ask of a list of models: the parameters of its address, read strictly, and the choice they make."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict

from catalog.snapshot import Offer

from ..errors import Failure
from .visible import Listed

__all__ = ["AMOUNT", "CATEGORIES", "GREATEST", "MOST_ITEMS", "SORTS", "TRUTHS", "Choice", "read"]

GREATEST = 2**31 - 1
MOST_ITEMS = 1000
AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
TRUTHS = ("true", "false", "1", "0")
_WHOLE = re.compile(r"[0-9]{1,10}")
_MICRO_PER_USD = 10**6

Test = Callable[[Listed], bool]

# A category is a fact of the model, not an opinion about it.
CATEGORIES: Mapping[str, Callable[[Offer], bool]] = {
    "chat": lambda offer: offer.capability == "chat",
    "embedding": lambda offer: offer.capability == "embedding",
    "rerank": lambda offer: offer.capability == "rerank",
    "image": lambda offer: offer.capability == "image",
    "tools": lambda offer: "tools" in offer.supported_parameters,
    "reasoning": lambda offer: "reasoning" in offer.supported_parameters,
    "vision": lambda offer: offer.capability == "chat" and "image" in offer.input_modalities,
}
SORTS: Mapping[str, Callable[[Listed], int]] = {
    "newest": lambda listed: -listed.offer.created,
    "pricing-low-to-high": lambda listed: _base(listed, "input") + _base(listed, "output"),
    "pricing-high-to-low": lambda listed: -_base(listed, "input") - _base(listed, "output"),
    "context-high-to-low": lambda listed: -listed.offer.context_length,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked of a list: tests that a model must pass, an order, a page, and the form of the answer."""

    tests: tuple[Test, ...]
    order: Callable[[Listed], int] | None
    offset: int
    limit: int | None
    rss: bool

    def matching(self, models: Iterable[Listed]) -> list[Listed]:
        """Return the models that pass every test, in the order asked for."""
        found = [listed for listed in models if all(test(listed) for test in self.tests)]
        return sorted(found, key=self.order) if self.order is not None else found

    def page(self, models: Iterable[Listed]) -> list[Listed]:
        """Return the part of the matching models that was asked for."""
        end = None if self.limit is None else self.offset + self.limit
        return self.matching(models)[self.offset : end]


def read(request: HttpRequest) -> Choice:
    """Read the parameters; those that no list knows are ignored.

    Prices are list prices of input in USD per million tokens. Raises Failure naming a parameter with a bad value.
    """
    asked = _Asked(_query(request))
    readers = (_words, _parameters, _inputs, _outputs, _category, _providers, _context, _floor, _roof)
    tests = [test for test in (reader(asked) for reader in readers) if test is not None]
    sort = asked.one_of("sort", SORTS)
    limit = asked.whole("limit", least=1, greatest=MOST_ITEMS)
    return Choice(
        tests=tuple(tests),
        order=SORTS[sort] if sort is not None else None,
        offset=asked.whole("offset", least=0, greatest=GREATEST) or 0,
        limit=limit,
        rss=asked.one_of("use_rss", TRUTHS) in {"true", "1"},
    )


class _Asked:
    """The parameters of one address."""

    def __init__(self, query: QueryDict) -> None:
        self._query = query

    def text(self, name: str) -> str | None:
        """Return the one value of a parameter, or None. Raises Failure if it is given twice."""
        values = self._query.getlist(name)
        if len(values) > 1:
            raise _bad(name, "may be given only once")
        return values[0] if values else None

    def list(self, name: str) -> frozenset[str]:
        """Return the comma-separated words of a parameter, which may also be given several times."""
        words = (word.strip() for value in self._query.getlist(name) for word in value.split(","))
        return frozenset(word.lower() for word in words if word)

    def one_of(self, name: str, known: Iterable[str]) -> str | None:
        """Return a word that must be one of those known, or None. Raises Failure."""
        value = self.text(name)
        if value is not None and value not in known:
            raise _bad(name, f"must be one of {', '.join(known)}")
        return value

    def whole(self, name: str, *, least: int, greatest: int) -> int | None:
        """Return a whole number within bounds, or None. Raises Failure."""
        value = self.text(name)
        if value is None:
            return None
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= greatest:
            raise _bad(name, f"must be a whole number from {least} to {greatest}")
        return int(value)

    def micro_usd(self, name: str) -> Fraction | None:
        """Return an amount of USD in micro-USD, or None. Raises Failure."""
        value = self.text(name)
        if value is None:
            return None
        if not AMOUNT.fullmatch(value):
            raise _bad(name, "must be an amount of USD per million tokens, such as 0.5")
        return Fraction(value) * _MICRO_PER_USD


def _query(request: HttpRequest) -> QueryDict:
    try:
        return request.GET
    except TooManyFieldsSent as error:
        raise Failure("VALIDATION_ERROR", "The address has too many parameters.") from error


def _words(asked: _Asked) -> Test | None:
    words = (asked.text("q") or "").lower().split()
    if not words:
        return None
    return lambda listed: all(word in _about(listed.offer) for word in words)


def _parameters(asked: _Asked) -> Test | None:
    wanted = asked.list("supported_parameters")
    return (lambda listed: wanted <= set(listed.offer.supported_parameters)) if wanted else None


def _inputs(asked: _Asked) -> Test | None:
    wanted = asked.list("input_modalities")
    return (lambda listed: wanted <= set(listed.offer.input_modalities)) if wanted else None


def _outputs(asked: _Asked) -> Test | None:
    wanted = asked.list("output_modalities") - {"all"}
    return (lambda listed: wanted <= set(listed.offer.output_modalities)) if wanted else None


def _category(asked: _Asked) -> Test | None:
    name = asked.one_of("category", CATEGORIES)
    if name is None:
        return None
    fits = CATEGORIES[name]
    return lambda listed: fits(listed.offer)


def _providers(asked: _Asked) -> Test | None:
    wanted = asked.list("provider")
    return (
        (lambda listed: any(hop.provider in wanted for hop in listed.offer.hops if hop.configured))
        if wanted
        else None
    )


def _context(asked: _Asked) -> Test | None:
    least = asked.whole("context", least=0, greatest=GREATEST)
    return (lambda listed: listed.offer.context_length >= least) if least is not None else None


def _floor(asked: _Asked) -> Test | None:
    least = asked.micro_usd("min_price")
    return (lambda listed: _base(listed, "input") >= least) if least is not None else None


def _roof(asked: _Asked) -> Test | None:
    most = asked.micro_usd("max_price")
    return (lambda listed: _base(listed, "input") <= most) if most is not None else None


def _base(listed: Listed, token_class: str) -> int:
    """Return a list price in micro-USD per million for short prompts; what has no price costs nothing of that kind."""
    return next((rate for minimum, rate in listed.card.rates.get(token_class, ()) if minimum == 0), 0)


def _about(offer: Offer) -> str:
    return "\n".join((offer.public_id, *offer.aliases, offer.name, offer.author, offer.description)).lower()


def _bad(name: str, must: str) -> Failure:
    return Failure("VALIDATION_ERROR", f"{name} {must}.", param=name)
