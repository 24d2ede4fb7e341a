"""Tiles: sums of the range, compared with the range before."""

from datetime import date, timedelta

from billing import tiles
from billing.statements import DailyRow

LAST = date(2026, 11, 21)
DAYS = [LAST - timedelta(days=back) for back in range(6, -1, -1)]
BEFORE = [day - timedelta(days=7) for day in DAYS]


def row(day: date, *, requests: int = 10, failed: int = 0, cost: int = 0) -> DailyRow:
    return DailyRow(
        day=day,
        model_id=1,
        model="route/m",
        requests=requests,
        failed=failed,
        input_tokens=3 * requests,
        output_tokens=requests,
        cost=cost,
    )


def strip(*rows: DailyRow, before: list[date] = BEFORE) -> dict[str, tiles.Tile]:
    return {tile.label: tile for tile in tiles.tiles(rows, days=DAYS, before=before, label="in 7 days")}


def test_sum_only_the_days_of_the_range() -> None:
    shown = strip(row(LAST, cost=7, failed=1), row(DAYS[0], cost=5), row(BEFORE[-1], cost=100))
    assert shown["Spend in 7 days"].money == 12
    assert (shown["Requests"].text, shown["Tokens"].text) == ("20", "80")
    assert (shown["Errors"].text, shown["Errors"].change) == ("5.00\u00a0%", "1 failed")


def test_tell_the_change_against_the_range_before() -> None:
    shown = strip(row(LAST, cost=110, requests=9), row(BEFORE[0], cost=100))
    assert (shown["Spend in 7 days"].change, shown["Spend in 7 days"].earlier_money) == ("+10.0\u00a0%", 100)
    assert (shown["Requests"].change, shown["Requests"].earlier) == ("−10.0\u00a0%", "10")


def test_tell_no_change_where_there_was_nothing_before() -> None:
    shown = strip(row(LAST, cost=110))
    assert {(tile.change, tile.earlier, tile.earlier_money) for tile in shown.values()} == {("", "", None)}


def test_draw_no_line_for_a_single_day() -> None:
    drawn = tiles.tiles([row(LAST)], days=[LAST], before=[], label="today")
    assert [tile.points for tile in drawn] == [""] * 4


def test_draw_the_highest_day_highest_and_days_without_requests_at_the_foot() -> None:
    points = strip(row(DAYS[0], requests=4), row(LAST, requests=8))["Requests"].points.split()
    assert [points[0], points[1], points[-1]] == ["0.0,12.0", "16.7,23.0", "100.0,1.0"]


def test_draw_a_line_for_two_days() -> None:
    drawn = tiles.tiles([row(LAST, requests=3)], days=DAYS[-2:], before=[], label="in 2 days")
    assert [tile.points for tile in drawn if tile.label == "Requests"] == ["0.0,23.0 100.0,1.0"]
