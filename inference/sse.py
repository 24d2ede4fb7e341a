"""How a stream of server-sent events is cut into events, whatever pieces the network hands it in; pure."""

__all__ = ["DONE", "MAX_EVENT_BYTES", "EventTooLong", "Splitter", "frame"]

DONE = b"[DONE]"
MAX_EVENT_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class EventTooLong(Exception):
    """An event outgrew the bound: the sender is broken or hostile."""


def frame(data: bytes) -> bytes:
    """Return one event that carries these data; they must be free of line ends."""
    return b"data: " + data + b"\n\n"


class Splitter:
    """Gives the data of each complete event, in order; comments and other fields are left out.

    Lines may end in LF, CR or CR LF, a byte order mark may lead, and data of several lines are joined by LF.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._rest = b""
        self._looked = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that this chunk completes. Raises EventTooLong."""
        if self._at_start:
            chunk = self._skip_mark(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._unify(chunk)
        if self._rest:
            chunk = self._rest + chunk
        elif len(chunk) < self._max and chunk.endswith(b"\n\n"):
            return [data for block in chunk.split(b"\n\n") if (data := _data(block)) is not None]
        return self._split(chunk)

    def finish(self) -> list[bytes]:
        """Return the data of an event that the end of the stream left without its closing blank line."""
        data, self._rest = _data(self._rest), b""
        return [] if data is None else [data]

    def _split(self, text: bytes) -> list[bytes]:
        events: list[bytes] = []
        begin, look = 0, self._looked
        while (end := text.find(b"\n\n", look)) >= 0:
            if end - begin > self._max:
                raise EventTooLong
            data = _data(text[begin:end])
            if data is not None:
                events.append(data)
            begin = look = end + 2
        self._rest = text[begin:] if begin else text
        if len(self._rest) > self._max:
            raise EventTooLong
        self._looked = max(0, len(self._rest) - 1)
        return events

    def _unify(self, chunk: bytes) -> bytes:
        # A CR at the end counts at once; the LF that may follow it in the next chunk is then dropped.
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        elif self._after_cr and not chunk:
            return chunk
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _skip_mark(self, chunk: bytes) -> bytes:
        text = self._rest + chunk
        if len(text) < len(_BOM) and _BOM.startswith(text):
            self._rest = text
            return b""
        self._at_start, self._rest = False, b""
        return text.removeprefix(_BOM)


def _data(block: bytes) -> bytes | None:
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:] or None
    lines = [_value(line) for line in block.split(b"\n") if line == b"data" or line.startswith(b"data:")]
    return b"\n".join(lines) or None


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")
