"""The figures of the home as they are written."""

from billing.beats import Beats
from billing.glance.pulse import Pulse
from billing.glance.refused import Refused
from billing.glance.span import Range, Span
from billing.glance.tiles import Tile, added_row, money_row, points, traffic_row
from billing.glance.usage import Measured, Usage
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
