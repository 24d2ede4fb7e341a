"""What a request may wish about models and providers: `models`, `provider` and the suffixes of a model's name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from .errors import Failure

__all__ = ["AUTO", "NONE", "Sort", "Wishes", "parted", "read"]

AUTO = "auto"
MOST_MODELS, MOST_PROVIDERS = 8, 32
LONGEST_NAME = 128
Sort = Literal["price", "throughput", "latency"]
SORTS: Mapping[str, Sort] = {"price": "price", "throughput": "throughput", "latency": "latency"}
_SUFFIXES: Mapping[str, Sort] = {":floor": "price", ":nitro": "throughput"}
_LISTS = ("order", "only", "ignore")
_FLAGS = ("allow_fallbacks", "require_parameters")
PRICES = ("prompt", "completion", "request", "image")
_GREATEST_PRICE = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Providers by slug, in lower case. `max_price` is in USD, per million tokens or per request or image."""

    models: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    allow_fallbacks: bool = True
    require_parameters: bool = False
    sort: Sort | None = None
    max_price: Mapping[str, Decimal] | None = None


NONE = Wishes()


def read(body: Mapping[str, Any]) -> Wishes:
    """Read the wishes of a body. Raises Failure for one that cannot be kept; none is ever dropped."""
    models, provider = body.get("models"), body.get("provider")
    if models is None and provider is None:
        return NONE
    wanted = _provider(provider)
    only = _slugs(wanted, "only")
    return Wishes(
        models=_names("models", models, most=MOST_MODELS),
        order=_slugs(wanted, "order"),
        only=frozenset(only) if wanted.get("only") else None,
        ignore=frozenset(_slugs(wanted, "ignore")),
        allow_fallbacks=_flag(wanted, "allow_fallbacks", otherwise=True),
        require_parameters=_flag(wanted, "require_parameters", otherwise=False),
        sort=_sort(wanted.get("sort")),
        max_price=_max_price(wanted.get("max_price")),
    )


def parted(name: str) -> tuple[str, Sort | None]:
    """Return a model's name without the suffix that asks for an order of providers, and that order."""
    for suffix, sort in _SUFFIXES.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix), sort
    return name, None


def _provider(given: Any) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise _invalid("provider", "must be an object.")
    known = {*_LISTS, *_FLAGS, "sort", "max_price", "data_collection"}
    for name, value in given.items():
        if name not in known and value is not None:
            raise _invalid(
                f"provider.{name[:64]}", f"is not supported; known are {', '.join(sorted(known))}."
            )
    if given.get("data_collection") not in (None, "allow"):
        raise _invalid(
            "provider.data_collection", 'can only be "allow": no provider is known not to collect data.'
        )
    return given


def _slugs(wanted: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(slug.lower() for slug in _names(f"provider.{name}", wanted.get(name), most=MOST_PROVIDERS))


def _names(field: str, given: Any, *, most: int) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > most:
        raise _invalid(field, f"must be a list of at most {most} names.")
    for number, name in enumerate(given):
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise _invalid(f"{field}[{number}]", f"must be a name of at most {LONGEST_NAME} characters.")
    return tuple(given)


def _flag(wanted: Mapping[str, Any], name: str, *, otherwise: bool) -> bool:
    value = wanted.get(name)
    if value is not None and not isinstance(value, bool):
        raise _invalid(f"provider.{name}", "must be true or false.")
    return otherwise if value is None else value


def _sort(given: Any) -> Sort | None:
    if given is None:
        return None
    if not isinstance(given, str) or given not in SORTS:
        raise _invalid("provider.sort", f"must be one of {', '.join(SORTS)}.")
    return SORTS[given]


def _max_price(given: Any) -> Mapping[str, Decimal] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not given:
        raise _invalid("provider.max_price", f"must be an object with some of {', '.join(PRICES)}.")
    _known("provider.max_price", given, PRICES)
    return {name: _price(f"provider.max_price.{name}", value) for name, value in given.items()}


def _known(field: str, given: Mapping[str, Any], names: Collection[str]) -> None:
    for name in given:
        if name not in names:
            raise _invalid(f"{field}.{name[:64]}", f"is not supported; known are {', '.join(names)}.")


def _price(field: str, given: Any) -> Decimal:
    # Through its shortest text, so that 0.1 is a tenth; OpenRouter's clients send numbers and strings alike.
    try:
        price = Decimal(str(given)) if isinstance(given, int | float | str) and given is not True else None
    except ArithmeticError:
        price = None
    if price is None or not price.is_finite() or not 0 <= price <= _GREATEST_PRICE:
        raise _invalid(field, "must be an amount of USD that is not negative.")
    return price


def _invalid(field: str, said: str) -> Failure:
    return Failure("VALIDATION_ERROR", f"{field} {said}", param=field)
