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
        # Grows in place: an event of many megabytes comes in hundreds of pieces.
        self._rest = bytearray()
        self._looked = 0
        self._after_cr = False
        self._mark: bytes | None = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that this chunk completes. Raises EventTooLong."""
        if self._mark is not None:
            chunk = self._skip_mark(self._mark + chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._unify(chunk)
        if not self._rest and len(chunk) < self._max and chunk.endswith(b"\n\n"):
            return _plain(chunk) or [data for block in chunk.split(b"\n\n") if (data := _data(block))]
        self._rest += chunk
        return self._split()

    def finish(self) -> list[bytes]:
        """Return the data of an event that the end of the stream left without its closing blank line."""
        data = _data(bytes(self._rest))
        self._rest.clear()
        return [] if data is None else [data]

    def _split(self) -> list[bytes]:
        events: list[bytes] = []
        text = self._rest
        begin, look = 0, self._looked
        while (end := text.find(b"\n\n", look)) >= 0:
            if end - begin > self._max:
                raise EventTooLong
            data = _data(bytes(text[begin:end]))
            if data is not None:
                events.append(data)
            begin = look = end + 2
        del text[:begin]
        if len(text) > self._max:
            raise EventTooLong
        self._looked = max(0, len(text) - 1)
        return events

    def _unify(self, chunk: bytes) -> bytes:
        # A CR at the end counts at once; the LF that may follow it in the next chunk is then dropped.
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        elif self._after_cr and not chunk:
            return chunk
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _skip_mark(self, text: bytes) -> bytes:
        if len(text) < len(_BOM) and _BOM.startswith(text):
            self._mark = text
            return b""
        self._mark = None
        return text.removeprefix(_BOM)


def _plain(chunk: bytes) -> list[bytes]:
    """Return the data of whole events of one line each, as nearly all are; nothing if there is anything else."""
    events = chunk[6:-2].split(b"\n\ndata: ") if chunk.startswith(b"data: ") else []
    return events if chunk.count(b"\n") == 2 * len(events) and b"" not in events else []


def _data(block: bytes) -> bytes | None:
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:] or None
    lines = [_value(line) for line in block.split(b"\n") if line == b"data" or line.startswith(b"data:")]
    return b"\n".join(lines) or None


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")
