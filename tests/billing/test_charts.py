"""Charts: every row is counted once, and a model keeps its colour."""

from datetime import date, timedelta

from billing import charts
from billing.statements import DailyRow

LAST = date(2026, 11, 21)
DAYS = [LAST - timedelta(days=back) for back in range(6, -1, -1)]


def row(model: int, day: date = LAST, *, requests: int = 1, cost: int = 0) -> DailyRow:
    return DailyRow(
        day=day,
        model_id=model,
        model=f"route/m{model}",
        requests=requests,
        failed=0,
        input_tokens=0,
        output_tokens=0,
        cost=cost,
    )


def test_rank_models_by_requests_then_by_name() -> None:
    assert charts.rank([row(3), row(1, requests=5), row(2), row(2, DAYS[0])]) == {1: 1, 2: 2, 3: 3}


def test_keep_the_colour_of_a_model_when_the_range_shows_another_order() -> None:
    rows = [row(1, DAYS[0], requests=9), row(1), row(2, requests=5)]
    places = charts.rank(rows)
    week = charts.requests_by_model(rows, days=DAYS, places=places)
    today = charts.requests_by_model(rows, days=[LAST], places=places)
    colours = [{series.name: series.colour for series in chart.series} for chart in (week, today)]
    assert colours == [{"route/m1": "1", "route/m2": "2"}] * 2


def test_gather_what_is_past_the_palette_under_other_without_losing_a_nano() -> None:
    rows = [row(model, requests=20 - model, cost=10**model) for model in range(1, 10)]
    chart = charts.requests_by_model(rows, days=DAYS, places=charts.rank(rows))
    assert [series.colour for series in chart.series] == ["1", "2", "3", "4", "5", "6", "other"]
    assert chart.series[-1].name == "Other (3 models)"
    assert (
        chart.cost == sum(series.cost for series in chart.series) == sum(10**model for model in range(1, 10))
    )
    assert chart.requests == sum(sum(series.daily) for series in chart.series)


def test_call_a_single_model_past_the_palette_by_its_name() -> None:
    rows = [row(model, requests=20 - model) for model in range(1, 8)]
    chart = charts.requests_by_model(rows, days=DAYS, places=charts.rank(rows))
    assert [(series.name, series.colour) for series in chart.series][-1] == ("route/m7", "other")


def test_leave_out_days_that_are_not_asked_for() -> None:
    rows = [row(1, DAYS[0] - timedelta(days=1), requests=7), row(1, requests=2)]
    chart = charts.requests_by_model(rows, days=DAYS, places=charts.rank(rows))
    assert (chart.requests, chart.series[0].daily) == (2, (0, 0, 0, 0, 0, 0, 2))


def test_say_in_one_sentence_what_is_drawn() -> None:
    rows = [row(1, requests=3), row(2)]
    chart = charts.requests_by_model(rows, days=DAYS, places=charts.rank(rows))
    assert chart.words == (
        "Requests per day by model from 15 Nov to 21 Nov: 4 in all; most to route/m1, 75.0\u00a0%."
    )


def test_say_that_an_empty_range_has_none() -> None:
    chart = charts.requests_by_model([], days=[LAST], places={})
    assert chart.words == "Requests per day by model on 21 Nov: 0 in all."
    assert (chart.series, chart.cost) == ((), 0)
