"""The page of rankings: which models in sale are used most, by the workspaces that let theirs be counted."""

from dataclasses import dataclass

from billing import figures, rankings
from catalog.snapshot import Offer

from ..shelf.visible import Shelf

__all__ = ["Place", "places"]


@dataclass(frozen=True, slots=True)
class Place:
    """A model's place: its tokens, its share of those of all that are listed, and that share of a bar of 100."""

    number: int
    offer: Offer
    tokens: str
    share: str
    bar: float


def places(shelf: Shelf, days: int) -> list[Place]:
    """Return the places of models that are on sale, the most used first. Raises ValueError for other `rankings.SPANS`."""
    offers = {listed.offer.model_id: listed.offer for listed in shelf.all()}
    found = [each for each in rankings.used(days) if each.model_id in offers]
    whole = sum(each.tokens for each in found)
    return [
        Place(
            number,
            offers[each.model_id],
            figures.rough(each.tokens),
            figures.percent(each.tokens, whole),
            round(100 * each.tokens / found[0].tokens, 1),
        )
        for number, each in enumerate(found, 1)
    ]
