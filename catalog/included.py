"""Which models terms include: those of their tiers and those that are named, without those that are kept out."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

__all__ = ["includes"]


def includes(
    public_id: str, tier: str, *, tiers: Collection[str], also: Iterable[str], without: Iterable[str]
) -> bool:
    """Tell whether terms include a model: by its tier or a pattern of `also`, unless one of `without` matches.

    Patterns are globs on the model's public id, never on an alias; letters count as they are written.
    """
    named = tier in tiers or any(fnmatchcase(public_id, pattern) for pattern in also)
    return named and not any(fnmatchcase(public_id, pattern) for pattern in without)
