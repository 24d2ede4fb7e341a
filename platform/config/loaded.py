"""How the garbage collector is kept from what a server process has loaded when it begins to serve."""

import gc

__all__ = ["keep"]

# A request leaves little that only the collector finds, and looking after every 700 objects took a fourteenth of the
# processor; so it looks ten times less often.
BETWEEN_LOOKS = (7_000, 20, 20)


def keep() -> None:
    """Leave all that is there by now out of every later collection.

    It lives as long as the process, and each full collection would walk through it: 0.1 s in which nobody is served.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*BETWEEN_LOOKS)
