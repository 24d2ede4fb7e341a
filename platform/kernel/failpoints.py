"""Where a test may have the process die, fail, stall or lose its database; a process that nobody armed passes by."""

from collections.abc import Callable

__all__ = ["arm", "failpoint"]

_reached: Callable[[str], None] | None = None


def failpoint(name: str) -> None:
    """Say which boundary between two statements is reached.

    The name is a literal, at one place in the code only: a test reads all of them there, and wants each hit.
    """
    if _reached is not None:
        _reached(name)


def arm(reached: Callable[[str], None] | None) -> None:
    """Have every failpoint of this process call `reached` with its name, or nothing again.

    No setting does this. What may happen at a failpoint stands with the tests, so production holds no way to do it.
    """
    global _reached
    _reached = reached
