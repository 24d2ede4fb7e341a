"""Mail as it reaches people: a backend of Django's that leaves each letter as a file, and who takes them out again."""

import os
import time
from email import message_from_string, policy
from pathlib import Path
from typing import Any

from django.core.mail.backends import filebased

__all__ = ["BACKEND", "PLACE", "EmailBackend", "letter_to"]

BACKEND = "tests.fakes.letterbox.EmailBackend"
PLACE = "TOLLWAY_LETTERBOX"
"""The variable that names the folder, for the process that sends."""
_PATIENCE_S = 10
_END = "-" * 79 + "\n"


class EmailBackend(filebased.EmailBackend):
    """Writes letters below the folder of the environment."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **{**more, "file_path": os.environ[PLACE]})


def letter_to(address: str, folder: Path) -> str:
    """Return the text of the newest letter to an address, once there is one. Raises AssertionError if none comes."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        found = [text for text, to in _letters(folder) if address in to]
        if found:
            return found[-1]
        assert time.monotonic() < until, f"no letter came to {address}"
        time.sleep(0.05)


def _letters(folder: Path) -> list[tuple[str, str]]:
    """Return text and addressees of each letter, oldest first."""
    found = []
    for path in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime_ns):
        for raw in path.read_text().split(_END):
            letter = message_from_string(raw, policy=policy.default)
            body = letter.get_body(("plain",))
            if body is not None and letter["To"]:
                found.append((str(body.get_content()), str(letter["To"])))
    return found
