"""A tally: a few members apart and the rest as one, and nothing lost between chart, table and total."""

import pytest

from billing import rollup, statements
from billing.exploring import drawing
from billing.exploring.metrics import METRICS, Reading
from billing.exploring.question import GROUPS
from billing.exploring.tally import APART, Answer
from kernel import clock
from tests.billing import rows
from tests.billing.exploring.asking import answer, question
from tests.billing.statements.used import model

pytestmark = pytest.mark.django_db
DAY = clock.MINUTES_PER_DAY


def adds_up(found: Answer) -> None:
    for place, value in enumerate(found.found.values):
        assert sum((each.values[place] for each in found.members), statements.Measures()) == value
    assert sum((each.total for each in found.members), statements.Measures()) == found.found.total


def busy(models: int, *, back: int = 0) -> int:
    """Settle requests of so many models, the first the dearest and each with one request more than the last."""
    workspace = rows.workspace()
    for number in range(models):
        made = model(f"route/m{number}")
        for _ in range(number + 1):
            rows.settle(
                workspace,
                model_id=made,
                cost=10 ** (models - number),
                input_tokens=3,
                minute_no=clock.minute_number() - back * DAY,
            )
    return workspace


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("posted", [True, False])
def test_tally_adds_up_in_every_measure_by_every_group(by: str, posted: bool) -> None:
    workspace = busy(8)
    rows.settle(workspace, status="failed", provider_id=0, tag="nightly", cost=0)
    if posted:
        assert rollup.close(workspace)
        assert rollup.post(workspace)
    found = answer(workspace, f"by={by}&range=7d")
    adds_up(found)
    assert found.found.total.requests == 37


def test_tally_by_status_tells_what_failed_and_what_it_cost() -> None:
    workspace = busy(1)
    for _ in range(2):
        rows.settle(workspace, status="failed", provider_id=0, cost=0)
    rows.settle(workspace, status="client_gone", cost=5)
    members = answer(workspace, "by=status&metric=requests").members
    told = [(each.name, each.total.requests, each.total.failed, each.total.cost) for each in members]
    assert told == [("Answered", 2, 0, 15), ("Failed", 2, 2, 0)]


def test_tally_tells_six_apart_and_the_rest_as_one() -> None:
    found = answer(busy(APART + 2))
    assert [member.name for member in found.members] == [*(f"route/m{n}" for n in range(6)), "Other (2)"]


def test_tally_names_a_single_rest_instead_of_calling_it_other() -> None:
    assert [member.others for member in answer(busy(APART + 1)).members] == [0] * 7


def test_tally_puts_members_in_order_of_the_figure_that_is_asked_for() -> None:
    workspace = busy(3)
    dearest, most = (answer(workspace, f"metric={key}").members[0].name for key in ("spend", "requests"))
    assert (dearest, most) == ("route/m0", "route/m2")


def test_tally_sets_each_member_beside_the_days_before() -> None:
    workspace = busy(2)
    one = answer(workspace).members[0]
    for cost in (3, 4):
        rows.settle(workspace, model_id=int(one.member), cost=cost, minute_no=clock.minute_number() - 7 * DAY)
    found = answer(workspace, "range=7d&compare=1")
    assert {each.name: each.before for each in found.members} == {
        "route/m0": Reading(7),
        "route/m1": Reading(0),
    }
    assert found.before is not None
    assert found.before.total.cost == 7


def test_tally_of_others_before_is_what_those_apart_leave() -> None:
    workspace = busy(8)
    rows.settle(workspace, model_id=1, cost=5, minute_no=clock.minute_number() - DAY)
    found = answer(workspace, "range=today&compare=1")
    assert found.members[-1].before == Reading(5)


def test_tally_of_a_share_is_the_part_of_the_whole() -> None:
    workspace = rows.workspace()
    for status in ("ok", "ok", "ok", "failed"):
        rows.settle(workspace, status=status, input_tokens=60, cached_tokens=40)
    total = answer(workspace).found.total
    assert METRICS["errors"].read(total) == Reading(1, 4)
    assert METRICS["cache"].read(total) == Reading(160, 400)


def test_tally_counts_the_rows_of_its_export() -> None:
    workspace = busy(2)
    rows.settle(workspace, minute_no=clock.minute_number() - DAY)
    assert answer(workspace, "by=none").exported == 2
    assert answer(workspace, "by=model").exported == 3


def test_drawing_gives_a_model_the_colour_it_has_on_every_page() -> None:
    found = answer(busy(3))
    places = {int(member.member): 5 - number for number, member in enumerate(found.members)}
    assert drawing.colours(found.members, places) == ["5", "4", "3"]
    assert drawing.colours(found.members[1:], places) == ["4", "3"]


def test_drawing_lends_a_model_without_a_colour_one_that_nobody_in_the_view_has() -> None:
    found = answer(busy(8))
    first = int(found.members[0].member)
    assert drawing.colours(found.members, {first: 2}) == ["2", "1", "3", "4", "5", "6", "other"]


def test_drawing_adds_up_over_time_where_it_is_cumulative() -> None:
    workspace = busy(1)
    rows.settle(workspace, model_id=1, cost=7, minute_no=clock.minute_number() - 2 * DAY)
    asked = question("by=none&range=7d&shape=cumulative", now=clock.now())
    drawn = drawing.drawn(answer(workspace, asked.address), asked, ["1"])
    assert drawn["series"][0]["values"] == [0, 0, 0, 0, 7, 7, 17]  # type: ignore[index]
