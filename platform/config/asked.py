"""Every variable that was read from the environment, with its kind and default, written down as it is read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .meanings import MEANINGS

__all__ = ["Variable", "ask", "asked", "is_secret"]

KEPT = "made and kept"
_SECRET = re.compile(r"_(?:KEYS?|PEPPER|SECRETS?|PASSWORD|TOKEN)$")
_NAMES = frozenset(name for group in MEANINGS.values() for name in group)
_asked: dict[str, "Variable"] = {}


@dataclass(frozen=True, slots=True)
class Variable:
    """What the environment is asked for: the kind in words, and the defaults as they would be written there."""

    name: str
    kind: str
    default: str
    on_embedded: str
    """The default where Tollway keeps its data in an embedded engine of its own."""


def ask(name: str, kind: str, default: str = "", *, on_embedded: str | None = None) -> str | None:
    """Return what the environment says, None if nothing, and write down that it was asked.

    Raises LookupError for a variable without a meaning, and for one that is asked for in two ways: these are
    mistakes of the code.
    """
    if name not in _NAMES:
        raise LookupError(f"{name} is read and config/meanings.py does not say what it means.")
    variable = Variable(name, kind, default, default if on_embedded is None else on_embedded)
    if _asked.setdefault(name, variable) != variable:
        raise LookupError(f"{name} is read in two ways: {_asked[name]} and {variable}.")
    return os.environ.get(name)


def asked() -> Mapping[str, Variable]:
    """Return the variables that were read so far, by name."""
    return MappingProxyType(_asked)


def is_secret(name: str) -> bool:
    """Tell whether the value of a variable is shown to nobody; the name decides."""
    return _SECRET.search(name) is not None
