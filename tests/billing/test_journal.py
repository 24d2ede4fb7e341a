"""The journal gives back what was put in, exactly, or says that it cannot."""

import dataclasses
import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import journal
from billing.journal import Full, Journal, Torn
from billing.settlement import FailedAttempt, Settlement
from catalog.pricing import Counts
from kernel import ids

_MOMENTS = st.datetimes(timezones=st.just(UTC))
_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_TRIES = st.builds(
    FailedAttempt,
    number=_NUMBERS,
    provider_id=_NUMBERS,
    endpoint_id=_NUMBERS,
    upstream_model=_TEXT,
    outcome=_TEXT,
    http_status=st.none() | _NUMBERS,
    started_at=_MOMENTS,
    milliseconds=_NUMBERS,
)
_SETTLEMENTS = st.builds(
    Settlement,
    request_id=st.uuids(),
    workspace_id=_NUMBERS,
    status=_TEXT,
    http_status=_NUMBERS,
    usage_source=_TEXT,
    cost=_NUMBERS,
    multipliers=_TEXT,
    counts=st.builds(Counts, **{field.name: _NUMBERS for field in dataclasses.fields(Counts)}),
    provider_cost=_NUMBERS,
    error_code=_TEXT,
    finish_reason=_TEXT,
    suspect=st.booleans(),
    provider_id=_NUMBERS,
    endpoint_id=_NUMBERS,
    upstream_model=_TEXT,
    attempts=_NUMBERS,
    model_id=_NUMBERS,
    chain_id=_NUMBERS,
    price_version_id=_NUMBERS,
    returned=_NUMBERS,
    ttfb_ms=st.none() | _NUMBERS,
    latency_ms=_NUMBERS,
    failed_attempts=st.lists(_TRIES, max_size=3).map(tuple),
)


def settlement(cost: int = 7) -> Settlement:
    started = datetime(2026, 11, 22, 3, 0, tzinfo=UTC) + timedelta(microseconds=1)
    failed = FailedAttempt(1, 3, 4, "glm", "status_500", 500, started, 12)
    return Settlement(
        ids.request_id(), 5, "ok", 200, "upstream", cost, "1:1000000", failed_attempts=(failed,)
    )


def left_behind(directory: Path, *items: Settlement) -> Path:
    """Write a journal, and die as a killed process does: its lock goes, its file stays."""
    mine = Journal.create(directory)
    mine.append(items)
    os.close(mine._file)
    return mine.path


def taken_over(path: Path) -> Journal:
    found = Journal.take_over(path)
    assert found is not None
    return found


@given(_SETTLEMENTS)
def test_gives_back_every_field(item: Settlement) -> None:
    text = journal.line(item)
    assert text.count(b"\n") == 1
    assert text.endswith(b"\n")
    assert journal.read(text) == item


def test_tells_a_line_cut_at_any_byte() -> None:
    text = journal.line(settlement())
    for length in range(len(text) - 1):
        with pytest.raises(Torn):
            journal.read(text[:length])


def test_tells_any_flipped_bit() -> None:
    text = journal.line(settlement())
    for place in range(len(text) - 1):
        for bit in range(8):
            changed = bytearray(text)
            changed[place] ^= 1 << bit
            with pytest.raises(Torn):
                journal.read(bytes(changed))


def test_tells_a_line_of_another_version() -> None:
    item = settlement()
    told = dataclasses.asdict(item)
    body = orjson.dumps({"settlement": {**told, "colour": "red"}})[1:]
    sum_ = hashlib.sha256(body).hexdigest().encode()
    with pytest.raises(Torn, match="colour"):
        journal.read(b'{"sha256":"' + sum_ + b'",' + body)


def test_outlives_its_process_up_to_a_line_that_was_being_written(tmp_path: Path) -> None:
    items = [settlement(cost) for cost in range(3)]
    path = left_behind(tmp_path, *items)
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == 10]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found = taken_over(path)
        # Without the end of its line a settlement may be whole, and is taken if it is.
        expected = sum(end - 1 <= length for end in ends)
        assert found.read(found.waiting) == items[:expected]
        assert (found.damaged, found.unfinished) == (
            0,
            int(length not in [0, *ends, *[end - 1 for end in ends]]),
        )
        os.close(found._file)


def test_keeps_damaged_lines_for_people(tmp_path: Path) -> None:
    items = [settlement(cost) for cost in range(3)]
    path = left_behind(tmp_path, *items)
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second.replace(b"upstream", b"downward", 1) + third)
    found = taken_over(path)
    assert found.damaged == 1
    assert found.read(found.waiting) == [items[0], items[2]]
    found.forget(found.waiting)
    found.close()
    assert [place.name for place in tmp_path.iterdir()] == [path.with_suffix(".kept").name]
    assert b"downward" in path.with_suffix(".kept").read_bytes()


def test_is_left_alone_while_its_owner_lives(tmp_path: Path) -> None:
    mine = Journal.create(tmp_path)
    mine.append([settlement()])
    assert journal.places(tmp_path) == [mine.path]
    assert Journal.take_over(mine.path) is None
    mine.forget(mine.waiting)
    mine.close()
    assert journal.places(tmp_path) == []
    assert Journal.take_over(mine.path) is None


def test_is_anybodys_once_its_owner_was_killed(tmp_path: Path) -> None:
    owner = (
        "import sys, time, django; django.setup();"
        "from pathlib import Path; from billing.journal import Journal;"
        "mine = Journal.create(Path(sys.argv[1])); print(mine.path, flush=True); time.sleep(60)"
    )
    paths = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", owner, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert Journal.take_over(path) is None
        process.kill()
        process.wait()
    taken_over(path).close()
    assert not path.exists()


def test_is_emptied_when_nothing_waits(tmp_path: Path) -> None:
    mine = Journal.create(tmp_path)
    items = [settlement(), settlement()]
    mine.append(items)
    mine.forget([items[0].request_id])
    assert (len(mine), mine.read(mine.waiting)) == (1, [items[1]])
    mine.forget([items[1].request_id])
    assert mine.path.stat().st_size == 0
    mine.append(items)
    assert mine.read(mine.waiting) == items
    mine.close()
    assert len(taken_over(mine.path)) == 2


def test_keeps_a_refused_line(tmp_path: Path) -> None:
    mine = Journal.create(tmp_path)
    items = [settlement(), settlement()]
    mine.append(items)
    mine.refuse(items[0].request_id)
    mine.forget([items[1].request_id])
    mine.close()
    kept = mine.path.with_suffix(".kept").read_bytes().splitlines()
    assert [journal.read(text) for text in kept] == items


def test_holds_no_more_than_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Journal.create(tmp_path)
    monkeypatch.setattr(journal, "MOST_LINES", 2)
    mine.append([settlement(), settlement()])
    with pytest.raises(Full):
        mine.append([settlement()])
    monkeypatch.setattr(journal, "MOST_LINES", 100)
    monkeypatch.setattr(journal, "MOST_BYTES", mine.path.stat().st_size + 10)
    with pytest.raises(Full):
        mine.append([settlement()])
    assert len(mine) == 2
    mine.close()


def test_of_a_write_that_fails_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Journal.create(tmp_path)
    mine.append([settlement()])
    before = mine.path.read_bytes()

    def half(descriptor: int, text: bytes) -> None:
        os.write(descriptor, text[: len(text) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(journal, "_write", half)
        with pytest.raises(OSError, match="No space"):
            mine.append([settlement()])
    assert (mine.path.read_bytes(), len(mine)) == (before, 1)
    mine.append([settlement()])
    assert len(mine.read(mine.waiting)) == 2
    mine.close()


def test_closes_its_directory_and_file_to_others(tmp_path: Path) -> None:
    mine = Journal.create(tmp_path / "made" / "here")
    assert mine.path.parent.stat().st_mode & 0o777 == 0o700
    assert mine.path.stat().st_mode & 0o777 == 0o600
    mine.close()


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))


def test_that_cannot_be_made_or_read_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = left_behind(tmp_path, settlement())
    before = _open_files()

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal, "_sync_directory", broken)
    monkeypatch.setattr(Journal, "_scan", broken)
    with pytest.raises(OSError, match="Input/output"):
        Journal.create(tmp_path / "made")
    with pytest.raises(OSError, match="Input/output"):
        Journal.take_over(path)
    assert _open_files() == before
    monkeypatch.undo()
    assert len(taken_over(path)) == 1
