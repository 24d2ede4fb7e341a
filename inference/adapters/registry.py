"""Which adapter speaks which dialect of the catalogue."""

from collections.abc import Mapping

from . import Adapter
from .anthropic import ANTHROPIC
from .gemini import GEMINI
from .openai import OPENAI

__all__ = ["adapter_for"]

_ADAPTERS: Mapping[str, Adapter] = {
    "anthropic": ANTHROPIC,
    "openai": OPENAI,
    "sandbox": OPENAI,
    "gemini": GEMINI,
}


def adapter_for(dialect: str) -> Adapter:
    """Return the adapter of a provider's dialect. Raises KeyError for one that nobody speaks."""
    return _ADAPTERS[dialect]
