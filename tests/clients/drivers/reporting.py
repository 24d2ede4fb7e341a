"""What every Python driver does alike: reads its arguments, runs its checks, prints one JSON line for each."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AT_ONCE = 4
DETAIL_LENGTH = 300
SLOWEST = ("refused.REQUEST_TIMEOUT", "chat.keep_alive", "messages.keep_alive")
PATIENCE_S = 45  # a body is waited for 30 seconds
QUESTION = "What is a rate limiter?"
REFUSALS = Path(__file__).resolve().parents[1] / "refusals.json"
# A 1×1 picture.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"location": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius"]}},
    "required": ["location"],
}


@dataclass(frozen=True)
class Scene:
    """Where to call (up to and including /v1), the key to call with, and the keys and models made for this client.

    `stalling` leads to the same place, and loses the second half of every body.
    """

    base_url: str
    key: str
    keys: Mapping[str, str]
    models: Mapping[str, str]
    stalling: str

    @property
    def origin(self) -> str:
        """The base URL without /v1."""
        return self.base_url.removesuffix("/v1")


Check = Callable[[Scene], object]


def scene(arguments: list[str]) -> Scene:
    """Return what the command line names: base URL, key, and a file with keys and models."""
    base_url, key, file = arguments
    made = json.loads(Path(file).read_text())
    return Scene(base_url, key, made["keys"], made["models"], made["stalling"])


def refusals(dialect: str) -> dict[str, dict[str, Any]]:
    """Return the rows of the table of errors that clients of a dialect can provoke, by capability."""
    return {
        "refused." + "/".join(filter(None, (row["code"], row.get("case")))): row
        for row in json.loads(REFUSALS.read_text())
        if dialect in row["ask"].get("path", {dialect})
    }


def main(checks: Mapping[str, Check]) -> None:
    """Run the checks, some at once, those that wait the longest first, and print one line for each as it ends.

    What else is printed, as some clients do, goes to stderr.
    """
    where = scene(sys.argv[1:])
    with os.fdopen(os.dup(1), "w") as report, ThreadPoolExecutor(AT_ONCE) as pool:
        os.dup2(2, 1)
        order = sorted(checks, key=lambda name: name not in SLOWEST)
        running = {pool.submit(_run, checks[name], where): name for name in order}
        for done in as_completed(running):
            ok, detail = done.result()
            line = {"capability": running[done], "ok": ok, "detail": detail[:DETAIL_LENGTH]}
            report.write(json.dumps(line) + "\n")
            report.flush()


def _run(check: Check, where: Scene) -> tuple[bool, str]:
    try:
        return True, str(check(where) or "")
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in place if "site-packages" not in frame.filename][-1]
        return (
            False,
            f"{type(error).__name__}: {error} ({Path(ours.filename).name}:{ours.lineno} {ours.line})",
        )
