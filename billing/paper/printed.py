"""A paper as PDF. The library that draws it takes 20 MB and half a second, so it is loaded by who prints and no sooner."""

from billing.models import Paper

from . import face

__all__ = ["printed"]


def printed(paper: Paper) -> bytes:
    """Return a paper as PDF, the same bytes each time."""
    from .pdf import draw

    return draw(face.face(paper), digest=bytes(paper.digest).hex())
