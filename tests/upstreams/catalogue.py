"""All cases: U01 to U35, each with its variants."""

from . import impostors, oddities, silences, spellings, walks
from .case import Case

__all__ = ["CASES"]

CASES: tuple[Case, ...] = tuple(
    sorted(
        (*silences.CASES, *spellings.CASES, *impostors.CASES, *oddities.CASES, *walks.CASES),
        key=lambda case: case.id,
    )
)
