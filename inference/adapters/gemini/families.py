"""What the name of a Gemini model tells about it."""

import re

__all__ = ["BUDGETED", "LEVELLED", "generation"]

# The first generations whose thinking is set by a budget in tokens, and by a level.
BUDGETED = (2, 5)
LEVELLED = (3, 0)
_NUMBERED = re.compile(r"gemini-(\d{1,3})(?:\.(\d{1,3}))?(?!\d)")
_NEWEST = (999, 0)


def generation(model: str) -> tuple[int, int] | None:
    """Return the generation of a model, such as (2, 5); None for what is no Gemini model.

    A name without a number, such as gemini-flash-latest, means the newest.
    """
    found = _NUMBERED.search(model)
    if found:
        return int(found[1]), int(found[2] or 0)
    return _NEWEST if "gemini-" in model and "embedding" not in model else None
