"""What people read along: aligned prefixes, colours on a terminal only, logs that stay small."""

import io
from pathlib import Path

import pytest

from config.supervisor import lines as subject
from config.supervisor.lines import BoundedLog, Lines


class Terminal(io.StringIO):
    """A screen that understands colours."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A terminal whose window was closed."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_prefixes_are_aligned(tmp_path: Path) -> None:
    screen = io.StringIO()
    shown = Lines(tmp_path, screen)
    shown.show("web", "one")
    shown.show("sandbox", "two")
    shown.close()
    assert screen.getvalue() == "web     | one\nsandbox | two\n"


def test_terminal_gets_colours_unless_it_asks_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked, coloured in ((False, True), (True, False)):
        if asked:
            monkeypatch.setenv("NO_COLOR", "1")
        else:
            monkeypatch.delenv("NO_COLOR", raising=False)
        screen = Terminal()
        shown = Lines(tmp_path, screen)
        shown.show("web", "one")
        shown.close()
        assert ("\x1b[" in screen.getvalue()) is coloured


def test_closed_terminal_does_not_stop_the_log(tmp_path: Path) -> None:
    shown = Lines(tmp_path, Gone())
    shown.show("web", "one")
    shown.close()
    assert (tmp_path / "web.log").read_text() == "one\n"


def test_full_log_makes_room_and_keeps_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "LOG_BYTES_KEPT", 100)
    log = BoundedLog(tmp_path / "web.log")
    for number in range(100):
        log.write(f"line {number:02}\n")
    log.close()
    kept = [(tmp_path / name).read_text() for name in ("web.log.1", "web.log")]
    assert "".join(kept).endswith("line 98\nline 99\n")
    assert all(len(text) <= 108 for text in kept)


def test_logs_are_for_the_owner_alone(tmp_path: Path) -> None:
    BoundedLog(tmp_path / "web.log").close()
    assert (tmp_path / "web.log").stat().st_mode & 0o077 == 0
