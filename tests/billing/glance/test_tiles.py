"""The figures of the home as they are written."""

from billing.beats import Beats
from billing.glance.pulse import Pulse
from billing.glance.refused import Refused
from billing.glance.span import Range, Span
from billing.glance.tiles import Tile, _tenths, added_row, money_row, points, traffic_row
from billing.glance.usage import Measured, Usage
from billing.histograms import ADDED_MS, FIRST_BYTE_MS
from tests.billing.glance.sums import moment

SPAN = Span(Range.TODAY, moment("2026-11-20T13:08:00"))
NONE = (Measured(),) * 24
NO_PULSE = Pulse(Beats(), Beats(), True, (Beats(),) * 24, {})


def used(now: Measured, before: Measured) -> Usage:
    return Usage(now, before, NONE, NONE)


def plain(tile: Tile) -> tuple[str, str, str]:
    """Return figure, change and what it was, with ordinary spaces."""
    figure, change, before = (
        text.replace("\N{NO-BREAK SPACE}", " ") for text in (tile.figure, tile.change, tile.before)
    )
    return figure, change, before


def row(now: Measured, before: Measured) -> dict[str, Tile]:
    tiles = traffic_row(SPAN, used(now, before), Refused(0, 0, (0,) * 24, ()), NO_PULSE)
    return {tile.label: tile for tile in tiles + money_row(SPAN, used(now, before))}


def test_say_how_they_changed_and_what_they_were() -> None:
    tiles = row(Measured(1100, 11, 200, 140), Measured(1000, 5, 100, 60))
    assert plain(tiles["Requests"]) == ("1,100", "+10.0 %", "1,000")
    assert plain(tiles["Errors"]) == ("1.00 %", "+0.50 pts", "0.50 %")
    assert plain(tiles["Margin"]) == ("30.0 %", "\N{MINUS SIGN}10.00 pts", "40.0 %")
    assert (tiles["Revenue"].nano, tiles["Revenue"].nano_before) == (200, 100)


def test_are_red_only_where_errors_grew_or_the_margin_fell() -> None:
    tiles = row(Measured(1000, 5, 100, 60), Measured(1000, 5, 100, 60))
    assert [tile.label for tile in tiles.values() if tile.worse] == []
    tiles = row(Measured(1000, 9, 100, 70), Measured(1000, 5, 100, 60))
    assert [tile.label for tile in tiles.values() if tile.worse] == ["Errors", "Margin"]
    tiles = row(Measured(1000, 1, 100, 20), Measured(1000, 5, 100, 60))
    assert [tile.label for tile in tiles.values() if tile.worse] == []


def test_say_nothing_of_a_change_from_nothing() -> None:
    for tile in row(Measured(), Measured()).values():
        assert tile.change == ""
    [added] = added_row(SPAN, NO_PULSE)
    assert (added.figure, added.change, added.before) == ("—", "", "")


def test_draw_a_line_from_the_left_to_the_right_edge() -> None:
    assert points([0, 5, 10]) == "0.0,23.0 50.0,12.0 100.0,1.0"
    assert points([0, None, 10]) == "0.0,23.0 100.0,1.0"
    assert points([7]) == points([None, 3]) == ""


def beats(*milliseconds: float) -> Beats:
    made = Beats()
    for each in milliseconds:
        made.added[ADDED_MS.bucket(each)] += 1
        made.first_byte[FIRST_BYTE_MS.bucket(each)] += 1
    return made


def added(now: Beats, before: Beats, *, kept: bool = True) -> Tile:
    [tile] = added_row(SPAN, Pulse(now, before, kept, (Beats(),) * 24, {}))
    return tile


def test_times_are_told_with_how_they_moved() -> None:
    slower = added(beats(50), beats(3))
    assert plain(slower)[0::2] == ("48 ms", "2.7 ms")
    assert plain(slower)[1] == "+45 ms"
    assert plain(added(beats(3), beats(50)))[1] == "\N{MINUS SIGN}45 ms"
    assert plain(added(beats(3), beats(3)))[1] == "±0.0 ms"
    assert plain(added(beats(3), beats(50), kept=False)) == ("2.7 ms", "", "")
    assert added(beats(3), beats(50), kept=False).note == "kept for 30 days"
    assert plain(added(Beats(), beats(3)))[0:2] == ("—", "")
    assert [_tenths(value).replace("\N{NO-BREAK SPACE}", " ") for value in (9.94, 10.0)] == [
        "9.9 ms",
        "10 ms",
    ]


def test_lead_to_the_rows_of_their_span() -> None:
    for asked, ends in ((Range.TODAY, "?day=today"), (Range.WEEK, "/")):
        revenue, cost, _ = money_row(Span(asked, SPAN.now), used(Measured(), Measured()))
        assert revenue.url == cost.url
        assert revenue.url.endswith(ends)


def test_a_growth_from_nothing_is_not_told_and_no_change_is() -> None:
    tiles = row(Measured(7, 0, 100, 60), Measured(0, 0, 100, 60))
    assert plain(tiles["Requests"])[1] == ""
    assert plain(row(Measured(7), Measured(1))["Requests"])[1] == "+600.0 %"
    same = row(Measured(7, 1, 100, 60), Measured(7, 1, 100, 60))
    assert [plain(same[name])[1] for name in ("Requests", "Errors", "Margin")] == [
        "+0.0 %",
        "±0.00 pts",
        "±0.00 pts",
    ]


def test_errors_of_an_hour_without_requests_are_none() -> None:
    slots = (Measured(4, 1), Measured(), Measured(2, 1), *NONE[3:])
    tiles = traffic_row(
        SPAN, Usage(Measured(6, 2), Measured(), slots, NONE), Refused(0, 0, (0,) * 24, ()), NO_PULSE
    )
    [line] = [tile.line.split() for tile in tiles if tile.label == "Errors"]
    assert [point.split(",")[1] for point in line[:3]] == ["12.0", "23.0", "1.0"]
