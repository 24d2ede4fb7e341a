"""What two sets of terms make of each model: whether it is included, and how many requests one call counts as."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from catalog.models import Capability, Model, PlanVersion

__all__ = ["OTHERWISE", "Shelf", "shelf"]

OTHERWISE = {Capability.IMAGE: 5}
"""How many requests a call counts as where no pattern of the terms matches, if not one; a test keeps it the gateway's."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Models by number, in columns as a statement takes them; `lost` are those that only the terms before include."""

    models: list[int]
    weights: list[int]
    lost: list[bool]


def shelf(before: PlanVersion, after: PlanVersion) -> Shelf:
    """Return what terms after others make of every model that there is, switched off or not."""
    found = list(Model.objects.order_by("pk"))
    return Shelf(
        models=[model.pk for model in found],
        weights=[_weight(after, model) for model in found],
        lost=[
            before.allows(model.public_id, model.tier) and not after.allows(model.public_id, model.tier)
            for model in found
        ],
    )


def _weight(terms: PlanVersion, model: Model) -> int:
    matching = (
        int(weight) for pattern, weight in terms.request_weights if fnmatchcase(model.public_id, pattern)
    )
    return next(matching, OTHERWISE.get(Capability(model.capability), 1))
