"""How the input of a custom tool is taken out of the JSON it comes in, piece by piece; pure."""

import json
import re

from .tools import INPUT

__all__ = ["Unwrapper"]

_OPENING = re.compile(r'\s*\{\s*"' + INPUT + r'"\s*:\s*"')
# An escape counts when it is whole; of a pair of surrogates the second half is waited for.
_STEP = re.compile(
    r'[^"\\]+'
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?=[^\\]|\\[^u]|\\u[^dD]|\\u[dD][^c-fC-F])"
    r"|\\u(?=[0-9a-fA-F]{0,3}[^0-9a-fA-F])"
    r"|\\[^u]"
)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Unwrapper:
    """Decodes `{"input": "…"}` as it comes; the same text gives the same input in whatever pieces.

    What is not of that form is given whole at the end: a model may have written the bare input.
    """

    def __init__(self) -> None:
        self._inside = False
        self._over = False
        self._rest = ""

    def feed(self, piece: str) -> str:
        """Return what of the input this piece adds."""
        if self._over:
            return ""
        self._rest += piece
        if not self._inside:
            opening = _OPENING.match(self._rest)
            if opening is None:
                return ""
            self._inside, self._rest = True, self._rest[opening.end() :]
        return self._decoded()

    def finish(self) -> str:
        """Return what is left once nothing more comes."""
        if self._inside:
            return ""
        try:
            given = json.loads(self._rest)
        except (ValueError, RecursionError):
            return self._rest
        found = given.get(INPUT) if isinstance(given, dict) else None
        return _without_halves(found) if isinstance(found, str) else self._rest

    def _decoded(self) -> str:
        found: list[str] = []
        place = 0
        while step := _STEP.match(self._rest, place):
            found.append(_sign(step[0]))
            place = step.end()
        self._rest = self._rest[place:]
        if self._rest.startswith('"'):
            self._over, self._rest = True, ""
        return "".join(found)


def _sign(step: str) -> str:
    if not step.startswith("\\"):
        return step
    if len(step) == 2:
        return _SIGNS.get(step[1], step[1])
    return _without_halves(str(json.loads(f'"{step}"')))


def _without_halves(text: str) -> str:
    # Half a surrogate pair is no character and cannot be written as UTF-8.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
