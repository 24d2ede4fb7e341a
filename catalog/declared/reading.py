"""From the text of a file to what it says, with every mistake in its form found at once."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from catalog.models import Scope, TokenClass

from . import shape, values
from .book import Book, Chain, Endpoint, Entry, Factor, Hop, Model, Plan, Price, Provider, Secret, Step
from .secrets import DEFAULT
from .shape import Field
from .tree import Branch, Leaf, Node, Problems, Twigs, parse
from .values import BAD

__all__ = ["read"]

T = TypeVar("T")
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,32}", re.ASCII)
_ABOVE = re.compile(r"([a-z_0-9]+)(?:>([1-9][0-9]{0,9}))?", re.ASCII)
_SECTIONS = ("tollway", "providers", "models", "multipliers", "plans")
_MULTIPLIER = ("scope", "target", "factor", "valid_from", "valid_until", "reason")


def read(text: str) -> Book:
    """Return what a file says. Raises Refused with every problem of its form; references are looked at later."""
    problems = Problems()
    root = parse(text, problems)
    book = _book(root, problems) if root is not None else None
    problems.raise_any()
    assert book is not None, "no book without a problem"
    return book


def _book(root: Node, problems: Problems) -> Book:
    sections = _branch(root, problems)
    _only(sections, _SECTIONS, problems)
    _version(root, sections, problems)
    return Book(
        providers=_named(sections.get("providers"), problems, _provider, _slug),
        models=_named(sections.get("models"), problems, _model, _public_id),
        multipliers=tuple(
            _multiplier(node, problems) for node in _items(sections.get("multipliers"), problems)
        ),
        plans=_named(sections.get("plans"), problems, _plan, _slug),
    )


def _version(root: Node, sections: Mapping[str, Node], problems: Problems) -> None:
    stated = sections.get("tollway")
    if stated is None:
        if isinstance(root, Branch):
            problems.add(root, f"begin with `tollway: {shape.VERSION}`, the version of the form")
    elif not isinstance(stated, Leaf) or stated.text != str(shape.VERSION):
        problems.add(stated, f"only version {shape.VERSION} of the form is known")


def _provider(node: Node, problems: Problems) -> Provider:
    found = _branch(node, problems)
    entry = _entry(node, found, shape.PROVIDER, problems, besides=("endpoints",))
    return Provider(entry, _named(found.get("endpoints"), problems, _endpoint, values.text(64)))


def _endpoint(node: Node, problems: Problems) -> Endpoint:
    found = _branch(node, problems)
    entry = _entry(node, found, shape.ENDPOINT, problems, besides=("credential",))
    return Endpoint(entry, tuple(_secrets(found["credential"], problems)) if "credential" in found else ())


def _secrets(node: Node, problems: Problems) -> Iterator[Secret]:
    """Read one key, which is the default one, or several by their names."""
    if not isinstance(node, Branch):
        yield Secret(node, DEFAULT, values.variable(node, problems))
        return
    for name, one in node.items.items():
        if values.text(64)(Leaf(one.path, one.line, name, "str"), problems) is not BAD:
            yield Secret(one, name, values.variable(one, problems))


def _model(node: Node, problems: Problems) -> Model:
    found = _branch(node, problems)
    entry = _entry(node, found, shape.MODEL, problems, besides=("chain", "sell", "costs"))
    chain = found.get("chain")
    return Model(
        entry,
        None if chain is None else _chain(chain, problems),
        _prices(found.get("sell"), problems),
        _named(found.get("costs"), problems, _prices, _slug),
    )


def _chain(node: Node, problems: Problems) -> Chain:
    hops = tuple(hop for hop in (_hop(item, problems) for item in _items(node, problems)) if hop is not None)
    if isinstance(node, Twigs) and not node.items:
        problems.add(node, "a chain has a hop at least; `active: false` ends the sale of a model")
    return Chain(node, hops)


def _hop(node: Node, problems: Problems) -> Hop | None:
    found = _branch(node, problems)
    entry = _entry(node, found, shape.HOP, problems, besides=("to",), whole=True)
    place = found.get("to")
    if place is None:
        if isinstance(node, Branch):
            problems.add(node, "lacks `to`, which names provider/endpoint")
        return None
    to = values.text(100)(place, problems)
    if to is BAD:
        return None
    provider, _, endpoint = to.partition("/")
    full = {**shape.HOP_DEFAULTS, **entry.values}
    return Hop(Entry(node, full, {**entry.nodes, "to": place}), provider, endpoint or "default")


def _prices(node: Node | None, problems: Problems) -> tuple[Price, ...]:
    prices = tuple(_price(item, problems) for item in _items(node, problems))
    moments = [(price.valid_from, *price.place) for price in prices]
    if node is not None and len(set(moments)) < len(moments):
        problems.add(node, "has two prices from one moment, or two without one")
    return prices


def _price(node: Node, problems: Problems) -> Price:
    found = _branch(node, problems)
    facts = {**_entry(node, found, shape.PRICE, problems, besides=("rates",)).values}
    moment = facts.pop("valid_from", None)
    rates = found.get("rates")
    if rates is None and isinstance(node, Branch):
        problems.add(node, "lacks `rates`")
    steps = frozenset(_steps(rates, problems)) if rates is not None else frozenset()
    if isinstance(rates, Branch) and not rates.items:
        problems.add(rates, "has no rate; a price without one would be free")
    return Price(node, moment, steps, {**shape.PRICE_DEFAULTS, **facts})


def _steps(node: Node, problems: Problems) -> Iterator[Step]:
    for key, value in _branch(node, problems).items():
        matched = _ABOVE.fullmatch(key)
        if matched is None or matched[1] not in TokenClass.values:
            known = ", ".join(TokenClass.values)
            problems.add(value, f"is no class of {known}, with >tokens for prompts longer than that")
            continue
        micro = values.rate(matched[1], value, problems)
        above = int(matched[2] or 0)
        if above > values.MOST_WHOLE:
            problems.add(value, "has more tokens than any prompt")
        elif micro is not BAD:
            yield Step(matched[1], above, micro)


def _multiplier(node: Node, problems: Problems) -> Factor:
    found = _branch(node, problems)
    _only(found, _MULTIPLIER, problems)
    for name in ("scope", "factor", "reason"):
        if name not in found and isinstance(node, Branch):
            problems.add(node, f"lacks `{name}`")

    def get(name: str, read: Callable[[Node, Problems], Any], otherwise: Any = None) -> Any:
        written = found.get(name)
        empty = isinstance(written, Leaf) and written.kind == "null"
        return otherwise if written is None or (empty and name == "valid_until") else read(written, problems)

    return Factor(
        node=node,
        scope=get("scope", values.choice(Scope.values)),
        target=get("target", values.text(128, empty=True), ""),
        ppm=get("factor", values.factor),
        valid_from=get("valid_from", values.moment),
        valid_until=get("valid_until", values.moment),
        ends="valid_until" in found,
        reason=get("reason", values.text(200), ""),
    )


def _plan(node: Node, problems: Problems) -> Plan:
    found = _branch(node, problems)
    entry = _entry(node, found, shape.PLAN, problems, besides=("terms",))
    terms = found.get("terms")
    if terms is None:
        return Plan(entry, None)
    return Plan(entry, _entry(terms, _branch(terms, problems), shape.TERMS, problems))


def _entry(
    node: Node,
    found: Mapping[str, Node],
    fields: Sequence[Field],
    problems: Problems,
    *,
    besides: Sequence[str] = (),
    whole: bool = False,
) -> Entry:
    """Read the fields of a row; `whole` tells that what it needs must be there even if the row exists."""
    tops = [field.name.partition(".")[0] for field in fields]
    _only(found, [*tops, *besides], problems)
    nodes: dict[str, Node] = {}
    for group in {name.partition(".")[0] for name in (field.name for field in fields) if "." in name}:
        inside = _branch(found[group], problems) if group in found else {}
        _only(inside, [f.name.partition(".")[2] for f in fields if f.name.startswith(f"{group}.")], problems)
        nodes |= {f"{group}.{name}": value for name, value in inside.items()}
    nodes |= {name: value for name, value in found.items() if name in tops}
    columns = {field.column: nodes[field.name] for field in fields if field.name in nodes}
    read_values = {
        field.column: field.read(nodes[field.name], problems) for field in fields if field.name in nodes
    }
    if whole and isinstance(node, Branch):
        for field in fields:
            if field.needed and field.column not in columns:
                problems.add(node, f"lacks `{field.name}`")
    return Entry(node, {name: value for name, value in read_values.items() if value is not BAD}, columns)


def _named(
    node: Node | None,
    problems: Problems,
    one: Callable[[Node, Problems], T],
    name: Callable[[Node, Problems], Any],
) -> dict[str, T]:
    if node is None:
        return {}
    found = {}
    for key, value in _branch(node, problems).items():
        if name(Leaf(value.path, value.line, key, "str"), problems) is not BAD:
            found[key] = one(value, problems)
    return found


def _slug(node: Node, problems: Problems) -> Any:
    if isinstance(node, Leaf) and _SLUG.fullmatch(node.text):
        return node.text
    problems.add(node, "its name must be 1 to 32 letters, digits, hyphens or underscores")
    return BAD


def _public_id(node: Node, problems: Problems) -> Any:
    if isinstance(node, Leaf) and any(letter.isspace() for letter in node.text):
        problems.add(node, "an id has no spaces")
        return BAD
    return values.text(128)(node, problems)


def _branch(node: Node, problems: Problems) -> Mapping[str, Node]:
    if isinstance(node, Branch):
        return node.items
    problems.add(node, "must be a mapping")
    return {}


def _items(node: Node | None, problems: Problems) -> Sequence[Node]:
    if node is None:
        return ()
    if isinstance(node, Twigs):
        return node.items
    problems.add(node, "must be a list")
    return ()


def _only(found: Mapping[str, Node], known: Iterable[str], problems: Problems) -> None:
    names = tuple(dict.fromkeys(known))
    for key, value in found.items():
        if key not in names:
            problems.add(value, f"is no field that is known here; known are {', '.join(names)}")
