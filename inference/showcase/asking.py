"""What the address of the list asks for: the filters of GET /v1/models, and whether only one's own plan is meant."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from ..errors import Failure
from ..shelf import filters
from ..shelf.filters import Choice

__all__ = ["ABILITIES", "CONTEXTS", "PRICES", "SORTS", "Asked", "asked"]

ABILITIES = {
    "": "anything",
    "tools": "tools",
    "reasoning": "reasoning",
    "vision": "read images",
    "image": "make images",
    "embedding": "embeddings",
    "rerank": "rerank",
}
CONTEXTS = {
    "": "any",
    "32000": "32 k or more",
    "128000": "128 k or more",
    "200000": "200 k or more",
    "1000000": "1 M or more",
}
PRICES = {"": "any", "0.1": "up to $0.10", "0.5": "up to $0.50", "1": "up to $1", "3": "up to $3"}
SORTS = {
    "": "name",
    "pricing-low-to-high": "list price, low first",
    "pricing-high-to-low": "list price, high first",
    "context-high-to-low": "context",
    "newest": "newest",
}
_NAMES = ("q", "category", "context", "max_price", "sort", "mine")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the choice that is made, what the form shows of it, and what was wrong with the address."""

    choice: Choice | None
    query: QueryDict
    wrong: str

    @property
    def mine(self) -> bool:
        """Whether only the plan's own models are meant."""
        return self.query.get("mine") == "1"

    @property
    def anything(self) -> bool:
        """Whether anything is asked for at all."""
        return any(self.query.get(name) for name in _NAMES)

    @property
    def address(self) -> str:
        """The question, as an address has it."""
        kept = QueryDict(mutable=True)
        kept.update({name: str(self.query[name]) for name in _NAMES if self.query.get(name)})
        return kept.urlencode()


def asked(request: HttpRequest) -> Asked:
    """Read the address. What no form here sends is told, and nothing is chosen by it."""
    query = request.GET.copy()
    for name in [name for name, value in query.items() if not value]:
        del query[name]  # a form sends its empty fields too
    request.GET = query  # type: ignore[assignment]  # the same question, without them
    try:
        return Asked(filters.read(request), query, "")
    except Failure as failure:
        return Asked(None, query, failure.message)
