"""Which Chromium is driven, and what keeps it from talking to anybody but us."""

import shutil

__all__ = ["ARGUMENTS", "MISSING", "installed"]

MISSING = "Chromium is not installed (Debian: apt-get install chromium-headless-shell)"
# Root may not sandbox.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# The engine without a browser's windows, where it is there: each context's window takes a second of processor.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def installed() -> str | None:
    """Return the path of an installed Chromium."""
    return next(filter(None, map(shutil.which, _NAMES)), None)
