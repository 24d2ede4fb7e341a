"""What pages tell of the degraded modes that hold: all of them to operators, what concerns them to customers."""

from collections.abc import Callable

from django.http import HttpRequest

from kernel import degraded as kernel_degraded
from kernel.degraded import Held

__all__ = ["degraded"]


def degraded(request: HttpRequest) -> dict[str, Callable[[], list[Held]]]:
    """Give every template the modes that hold; nothing is read before a template asks, and then only memory."""
    return {"degraded": kernel_degraded.current, "concerning": _concerning}


def _concerning() -> list[Held]:
    """Return the modes that customers notice, each sentence once."""
    said = {held.mode.customers: held for held in reversed(kernel_degraded.current()) if held.mode.customers}
    return list(reversed(said.values()))
