"""What a file says of the catalogue: values by column, each remembering where it was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .tree import Node

__all__ = [
    "Book",
    "Chain",
    "Endpoint",
    "Entry",
    "Factor",
    "Hop",
    "Model",
    "Plan",
    "Price",
    "Provider",
    "Secret",
    "Step",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: only the columns that the file names, where it stands, and the field that each column came from."""

    node: Node
    values: Mapping[str, Any]
    nodes: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Secret:
    """A key of an endpoint, by its name, and the variable of the environment that holds it."""

    node: Node
    key: str
    variable: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint and where its keys are, if the file says so."""

    entry: Entry
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and its endpoints by name."""

    entry: Entry
    endpoints: Mapping[str, Endpoint]


@dataclass(frozen=True, slots=True)
class Hop:
    """A place in a chain: provider and endpoint by name, and every column of the hop."""

    entry: Entry
    provider: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The hops of a model in their order."""

    node: Node
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A rate in micro-USD per million: of a class, for prompts longer than so many tokens."""

    token_class: str
    above: int
    micro: int


@dataclass(frozen=True, slots=True)
class Price:
    """The rates from a moment on; without one, from when the file is applied.

    `facts` are the columns of its version beside, as shape.PRICE has them, with what they are if the file is silent.
    """

    node: Node
    valid_from: datetime | None
    steps: frozenset[Step]
    facts: Mapping[str, Any]

    @property
    def standard(self) -> bool:
        """Whether it is no promotion and no time of day."""
        return bool(self.facts["kind"] == "standard")

    @property
    def place(self) -> tuple[Any, ...]:
        """What it has in common with the versions that it replaces: kind and time of day."""
        return tuple(self.facts[name] for name in ("kind", "daily_from", "daily_until", "weekdays"))


@dataclass(frozen=True, slots=True)
class Model:
    """A model, its chain, its sell prices, and what providers charge for it, by their slugs."""

    entry: Entry
    chain: Chain | None
    sell: tuple[Price, ...]
    costs: Mapping[str, tuple[Price, ...]]


@dataclass(frozen=True, slots=True)
class Factor:
    """A multiplier in millionths within its span; `ends` tells whether the file says until when."""

    node: Node
    scope: str
    target: str
    ppm: int
    valid_from: datetime | None
    valid_until: datetime | None
    ends: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and the terms of its newest version, if the file names them."""

    entry: Entry
    terms: Entry | None


@dataclass(frozen=True, slots=True)
class Book:
    """A whole file."""

    providers: Mapping[str, Provider]
    models: Mapping[str, Model]
    multipliers: tuple[Factor, ...]
    plans: Mapping[str, Plan]
