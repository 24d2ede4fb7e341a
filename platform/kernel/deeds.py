"""What people do to the product: told by any storey, kept by the one that has the trail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Deed", "Verb", "keep_with", "tell"]

Verb = Literal["add", "change", "delete"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did to a row.

    Without `actor` it was whoever asks at present; what changed is found by the keeper too, and `changes` (field: before,
    after) is for what it cannot see. A secret is in none of these texts.
    """

    verb: Verb
    row: Any
    said: str
    actor: str = ""
    actor_id: int | None = None
    reason: str = ""
    changes: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


_keepers: list[Callable[[Deed], None]] = []


def keep_with(keeper: Callable[[Deed], None]) -> None:
    """Name the one who keeps deeds from now on."""
    _keepers[:] = [keeper]


def tell(deed: Deed) -> None:
    """Hand a deed over, within the transaction that does it. Raises RuntimeError where nobody keeps deeds."""
    if not _keepers:
        raise RuntimeError("nobody keeps the trail: a change would go unrecorded")
    _keepers[0](deed)
