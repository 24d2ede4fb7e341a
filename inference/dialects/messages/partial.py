"""The text of a JSON object that comes in pieces: how far it is sound, and how it is closed if it never ends; pure.

Clients read the input of a call while it comes, and fail at what is no JSON. So only sound text is passed on, the last
brace not before the end; what breaks off or goes wrong is closed, with all of it as it came in a member of its own.
"""

import re
from typing import Literal

import orjson

from ...marks import UNPARSED

__all__ = ["Partial"]

_SPACE = re.compile(r"[ \t\r\n]*")
_IN_STRING = re.compile(
    r'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*"
)
_SCALAR = re.compile(r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[ \t\r\n,\]}])")
# The longest beginnings of an escape and of a scalar that may still become one.
_ESCAPE_LENGTH = 12
_SCALAR_LENGTH = 400

Wanted = Literal["value", "first value", "key", "first key", "colon", "comma", "end"]


class Partial:
    """One object, from its first brace on."""

    def __init__(self) -> None:
        self._raw: list[str] = []
        self._rest = ""
        self._nest: list[str] = []
        self._wanted: Wanted = "value"
        self._string: Literal["", "key", "value"] = ""
        self._sound = True
        self._bare = True

    def feed(self, text: str) -> str:
        """Return what may be passed on now that this came."""
        self._raw.append(text)
        if not self._sound:
            return ""
        self._rest += text
        passed: list[str] = []
        while self._sound and (piece := self._step()):
            passed.append(piece)
        return "".join(passed)

    def finish(self) -> str:
        """Return what makes a whole object of what was passed on."""
        if self._sound and self._wanted == "end":
            return "}"
        raw = "".join(self._raw)
        inner = self._closed()
        comma = "" if self._bare or self._wanted == "key" else ","
        return f"{inner}{comma}{orjson.dumps(UNPARSED).decode()}:{orjson.dumps(raw).decode()}}}"

    def _step(self) -> str:
        """Take the next piece of the rest, if it is whole, and return it."""
        if self._string:
            return self._in_string()
        space = _SPACE.match(self._rest)
        if space is not None and space.end():
            return self._take(space.end())
        if not self._rest:
            return ""
        sign = self._rest[0]
        if self._wanted == "end":
            self._sound = False  # something behind the end
            return ""
        if sign == '"' and self._wanted in ("key", "first key", "value", "first value"):
            self._string = "key" if "key" in self._wanted else "value"
            self._bare = False
            return self._take(1)
        if "value" in self._wanted:
            return self._value(sign)
        return self._punctuation(sign)

    def _in_string(self) -> str:
        found = _IN_STRING.match(self._rest)
        end = found.end() if found is not None else 0
        if self._rest[end : end + 1] == '"':
            self._wanted = "colon" if self._string == "key" else "comma"
            self._string = ""
            return self._take(end + 1)
        left = self._rest[end:]
        if left and not (left[0] == "\\" and len(left) < _ESCAPE_LENGTH):
            self._sound = False
        return self._take(end)

    def _value(self, sign: str) -> str:
        if sign in "{[":
            self._nest.append(sign)
            self._wanted = "first key" if sign == "{" else "first value"
            return self._take(1)
        if sign == "]" and self._wanted == "first value":
            return self._end()
        found = _SCALAR.match(self._rest)
        if found is not None and self._nest:
            self._wanted = "comma"
            return self._take(found.end())
        self._sound = len(self._rest) < _SCALAR_LENGTH and sign in "-0123456789tfn"
        return ""

    def _punctuation(self, sign: str) -> str:
        inside = self._nest[-1]
        if sign == ":" and self._wanted == "colon":
            self._wanted = "value"
            return self._take(1)
        if sign == "," and self._wanted == "comma":
            self._wanted = "key" if inside == "{" else "value"
            return self._take(1)
        ends = self._wanted == "comma" or self._wanted == "first key"
        if ends and sign == ("}" if inside == "{" else "]"):
            return self._end()
        self._sound = False
        return ""

    def _end(self) -> str:
        if len(self._nest) == 1:
            # The last brace waits: behind it nothing could be mended any more.
            self._wanted, self._rest = "end", self._rest[1:]
            return self._step()
        self._nest.pop()
        self._wanted = "comma"
        return self._take(1)

    def _take(self, length: int) -> str:
        piece, self._rest = self._rest[:length], self._rest[length:]
        return piece

    def _closed(self) -> str:
        """Return what closes all but the outermost object; `_wanted` is then what comes next in that one."""
        closing = ""
        if self._string:
            closing, self._wanted = '"', "colon" if self._string == "key" else "comma"
            self._string = ""
        if self._wanted == "colon":
            closing, self._wanted = closing + ":null", "comma"
        elif self._wanted == "value":
            closing, self._wanted = closing + "null", "comma"
        while len(self._nest) > 1:
            if self._wanted == "key":
                closing += '"":null'
            closing += "}" if self._nest.pop() == "{" else "]"
            self._wanted = "comma"
        return closing
