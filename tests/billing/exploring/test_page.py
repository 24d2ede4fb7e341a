"""What a view says of a member, draws of it, and gives to be taken along, without the page around it."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Workspace
from billing import rollup
from billing.exploring import booked, drawing, export, scope, tally
from billing.exploring.metrics import METRICS, Reading, Value, value
from billing.exploring.page import Page, activity
from billing.exploring.scope import Scope
from billing.exploring.tally import NOTHING, Member
from billing.statements.cuts import EARLIEST
from kernel import clock
from tests.billing import rows
from tests.billing.exploring.asking import answer, question
from tests.billing.statements.used import model

pytestmark = pytest.mark.django_db
DAY = clock.MINUTES_PER_DAY


def page(workspace: int, address: str = "") -> Page:
    found = Workspace.objects.get(pk=workspace)
    return activity(found, question(address, now=clock.now()), scope.of(workspace))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_line_has_its_share_its_width_and_leads_to_itself_alone_and_to_its_requests() -> None:
    workspace, one, two = rows.workspace(), model("route/one"), model("route/two")
    rows.settle(workspace, model_id=one, cost=3, tag="t")
    rows.settle(workspace, model_id=two, cost=1, tag="t")
    found = page(workspace, "range=7d&tag=t")
    assert [(line.width, plain(line.share)) for line in found.lines] == [(100, "75.0 %"), (33.33, "25.0 %")]
    today = clock.utc_day(clock.now())
    begins, ends = (f"{today + timedelta(days=days)}T00%3A00%2B00%3A00" for days in (-6, 1))
    second = found.lines[1]
    assert second.narrower == "?range=7d&model=route%2Ftwo&tag=t"
    assert second.logged == f"?range=span&from={begins}&to={ends}&tag=t&model=route%2Ftwo"
    [whole] = page(workspace, "range=7d&by=none").lines
    assert (whole.narrower, whole.logged) == ("", f"?range=span&from={begins}&to={ends}")
    assert [(step.name, step.chosen) for step in page(workspace, "per=week").steps] == [
        ("hour", False),
        ("day", False),
        ("week", True),
        ("month", False),
    ]


def test_what_many_have_together_leads_nowhere() -> None:
    workspace = rows.workspace()
    for number in range(8):
        rows.settle(workspace, model_id=model(f"route/m{number}"), cost=8 - number)
    others = page(workspace, "range=today").lines[-1]
    assert (others.member.others, others.narrower, others.logged) == (2, "", "")


def test_a_share_is_set_beside_the_days_before_in_points_where_both_had_any() -> None:
    workspace = rows.workspace()

    def change() -> str:
        return plain(page(workspace, "metric=errors&by=none&range=7d&compare=1").change)

    rows.settle(workspace, status="failed")
    rows.settle(workspace)
    assert change() == ""
    for number in range(4):
        rows.settle(
            workspace, status="failed" if number == 0 else "ok", minute_no=clock.minute_number() - 7 * DAY
        )
    assert change() == "+25.00 points"


def test_the_ledger_is_asked_for_the_days_of_the_view_and_of_the_last_62_alone() -> None:
    workspace, today = rows.workspace(), clock.utc_day(clock.now())
    for back, cost in ((0, 7), (1, 5), (2, 3)):
        rows.settle(workspace, cost=cost, minute_no=clock.minute_number() - back * DAY)
        rollup.close(workspace)
    while rollup.post(workspace):
        pass
    days = [today - timedelta(days=back) for back in (2, 1)]
    found = page(workspace, f"range=days&first={days[0]}&last={days[1]}").booked
    assert found is not None
    assert found.summed == 8
    asked = {back: booked.booked(workspace, today - timedelta(days=back), today) for back in (62, 63)}
    assert (asked[62] is None, asked[63]) == (False, None)


def test_members_without_places_are_coloured_in_order_as_far_as_there_are_colours() -> None:
    members = [Member(str(number), f"m{number}", 0, (), NOTHING, None) for number in range(1, 8)]
    assert drawing.colours(members, None) == ["1", "2", "3", "4", "5", "6", "other"]
    assert drawing.colours(members[:2], {}) == ["1", "2"]


def test_shares_are_drawn_in_percent_and_spans_are_called_by_their_length() -> None:
    workspace = rows.workspace()
    for status in ("ok", "ok", "failed"):
        rows.settle(workspace, status=status)
    asked = question("metric=errors&by=none&range=7d", now=clock.now())
    drawn = drawing.drawn(answer(workspace, asked.address), asked, ["1"])
    series: Any = drawn["series"]
    assert series[0]["values"] == [None] * 6 + [33.3333]
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert [drawing.name_of_span(at, per) for per in ("hour", "day", "week", "month")] == [
        "22 Nov 09:00",
        "Sun 22 Nov",
        "week of 22 Nov",
        "Nov 2026",
    ]


def test_the_chart_in_words_names_the_first_of_its_members() -> None:
    workspace = rows.workspace()
    for number, cost in enumerate((1, 9)):
        rows.settle(workspace, model_id=model(f"route/m{number}"), cost=cost)
    for address, most in (("", "; most by route/m1"), ("by=none", "")):
        asked = question(address, now=clock.now())
        said = drawing.words(answer(workspace, address), asked, "$9")
        assert said == f"{asked.title}: $9 in all{most}. The table has the same numbers."


def test_what_is_taken_along_calls_its_column_by_what_it_is_by() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, tag="Grüße", cost=5)
    for address, column, called in (("by=tag", "tag", "Grüße"), ("by=none", "of", "All requests")):
        asked, found = question(address, now=clock.now()), answer(workspace, address).found
        assert export.as_csv(found, asked).split(",")[2] == f'"{column}"'
        text = export.as_json(found, asked)
        assert f'\n   "{column}": "{called}",\n' in text
        assert json.loads(text)["rows"][0][column] == called


def test_figures_are_those_of_prompts_and_answers_and_shares_have_two_digits() -> None:
    assert list(METRICS)[:7] == ["spend", "requests", "errors", "cache", "tokens", "tokens-in", "tokens-out"]
    by_class = {key for key, metric in METRICS.items() if metric.kind == "By class"}
    assert by_class >= {"input", "cached", "output", "reasoning"}
    assert not by_class & {"request", "image", "web-search"}
    assert plain(value(METRICS["errors"], Reading(1, 3)).text) == "33.33 %"
    assert value(METRICS["requests"], Reading(1_234)) == Value("1,234")
    assert Reading(5, 9).less(Reading(2, 3)) == Reading(3, 6)


def test_a_view_is_narrowed_to_what_there_is_and_to_nothing_else() -> None:
    known = Scope(keys={10**17: "long", 1: "one"}, models={7: "route/seven"}, providers={})
    only = known.only({"key": (str(10**17), "1"), "model": ("route/seven",), "tag": ("t",)})
    assert (only.keys, only.models, only.tags) == ((10**17, 1), (7,), ("t",))
    for wrong in ("x", "²", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 30):
        with pytest.raises(ValueError, match=r"^key: this workspace has no such key"):
            known.only({"key": (wrong,)})
    with pytest.raises(ValueError, match=r"^model: there is none called 'none'"):
        known.only({"model": ("none",)})


def test_days_are_as_many_as_are_told_and_begin_no_earlier_than_they_may() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert question("range=365d", now=now).days.first == date(2025, 11, 23)
    first = date(2026, 11, 22) - timedelta(days=1_099)
    assert question(f"range=days&first={first}&last=2026-11-22", now=now).days.number == 1_100
    with pytest.raises(ValueError, match=r"^first: at most 1,100 days"):
        question(f"range=days&first={first - timedelta(days=1)}&last=2026-11-22", now=now)
    assert question(f"range=days&first={EARLIEST}&last={EARLIEST}", now=now).days.first == EARLIEST
    before = EARLIEST - timedelta(days=1)
    with pytest.raises(ValueError, match=r"^first: "):
        question(f"range=days&first={before}&last={before}", now=now)


def test_a_member_that_may_be_among_others_before_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MOST_CELLS", 0)
    workspace = rows.workspace()
    for back, number in ((0, 8), (1, 9)):
        for place in range(number):
            made = model(f"route/{back}-{place}")
            rows.settle(
                workspace, model_id=made, cost=9 - place, minute_no=clock.minute_number() - back * DAY
            )
    found = answer(workspace, "range=today&compare=1")
    assert [member.others for member in found.members] == [0] * 6 + [2]
    assert {member.before for member in found.members} == {None}
