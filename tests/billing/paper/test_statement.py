"""Statement: a month's usage in cents that add up, its balance to the last digit, every ledger entry on exactly one."""

import datetime
import random

import pytest
from django.db.models import Sum

from billing.ledger import Kind, System
from billing.models import LedgerEntry, LedgerTransaction, Paper
from billing.paper import papers, statement, stating
from billing.paper.months import Month
from billing.proof import seals
from kernel import clock
from kernel.money import NANO_PER_CENT
from tests.billing import rows
from tests.billing.paper.issuing import DOLLAR, charge, issuer, move, top_up, workspace

pytestmark = pytest.mark.django_db

NOW = clock.now()
OVER = Month.of(clock.utc_day(NOW)).before.before
"""A month whose days can all be sealed, whatever day it is today."""


def minute(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * clock.MINUTES_PER_DAY + 700


def use(workspace: int, day: datetime.date, cost: int, **columns: object) -> None:
    rows.settle(workspace, cost=cost, minute_no=minute(day), **columns)


def seal(workspace: int) -> None:
    for days in [days for each, days in seals.due(NOW).items() if each == workspace]:
        seals.seal(workspace, days)


def stated(workspace: int) -> list[Paper]:
    seal(workspace)
    return stating.state(workspace, NOW)


def test_statement_lines_are_by_model_and_key_with_the_counts_of_each() -> None:
    issuer()
    mine = workspace()
    dear, _ = rows.price(input=1)
    cheap, _ = rows.price(input=1)
    use(mine, OVER.first, 3_333_333_333, model_id=dear, api_key_id=1, input_tokens=70, output_tokens=9)
    use(mine, OVER.last, 3_333_333_333, model_id=dear, api_key_id=2, input_tokens=7, cached_tokens=5)
    use(mine, OVER.last, 1, model_id=cheap, api_key_id=1, status="failed")
    charge(mine)
    [paper, *_] = stated(mine)
    usage = papers.content(paper)["usage"]
    assert [
        (line["key"], line["requests"], line["failed"], line["counts"], line["nano"])
        for line in usage["lines"]
    ] == [
        ("", 1, 0, {"input_tokens": 70, "output_tokens": 9}, 3_333_333_333),
        ("", 1, 0, {"input_tokens": 7, "cached_tokens": 5}, 3_333_333_333),
        ("", 1, 1, {}, 1),
    ]
    assert [line["cents"] for line in usage["lines"]] == [333, 333, 0]
    assert (usage["cents"], usage["carried"], paper.total_cents) == (666, 6_666_667, 666)


def test_statement_carries_what_is_below_a_cent_into_the_next() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.before.first, 9_000_000)
    use(mine, OVER.first, 2_500_000)
    charge(mine)
    first, second, *_ = stated(mine)
    assert (first.total_cents, first.remainder) == (0, 9_000_000)
    assert (second.total_cents, second.remainder) == (1, 1_500_000)
    assert papers.content(second)["usage"]["brought"] == 9_000_000


def test_statement_waits_for_a_request_that_is_open_or_not_yet_charged() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.first, DOLLAR)
    with pytest.raises(statement.Waiting):
        statement.compose(mine, OVER)
    charge(mine)
    rows.admit(workspace(), minute_no=minute(OVER.last))
    assert statement.compose(mine, OVER) is not None
    rows.admit(mine, minute_no=minute(OVER.last))
    with pytest.raises(statement.Waiting):
        statement.compose(mine, OVER)


def test_statement_waits_until_the_last_day_is_sealed() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.last, DOLLAR)
    charge(mine)
    assert stating.state(mine, NOW) == []
    assert [paper.period_start for paper in stated(mine)] == [OVER.first]


def test_statement_is_never_made_of_sums_that_the_ledger_does_not_charge() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.first, DOLLAR)
    charge(mine)
    rows.run("UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = %s", mine)
    with pytest.raises(statement.Unreconciled, match=f"workspace {mine}"):
        statement.compose(mine, OVER)


def test_statement_is_made_once_and_not_for_months_in_which_nothing_moved() -> None:
    issuer()
    mine = workspace()
    top_up(mine, day=OVER.before.before.first)
    use(mine, OVER.first, DOLLAR)
    charge(mine)
    assert mine in stating.due(NOW, limit=10_000)
    made = stated(mine)
    assert [paper.period_start for paper in made] == [OVER.before.before.first, OVER.first]
    assert stating.state(mine, NOW) == []
    assert mine not in stating.due(NOW, limit=10_000)


def test_statement_of_a_new_workspace_waits_for_its_month() -> None:
    issuer()
    mine = workspace()
    top_up(mine)
    assert stating.state(mine, NOW) == []
    assert mine not in stating.due(NOW, limit=10_000)


def test_statement_charges_corrections_of_a_stated_month_in_the_next() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.before.first, DOLLAR)
    charge(mine)
    seal(mine)
    assert statement.compose(mine, OVER.before) is not None
    papers.write(statement.compose(mine, OVER.before))  # type: ignore[arg-type]
    use(mine, OVER.before.last, 70_000_000)
    use(mine, OVER.first, 5_000_000)
    charge(mine)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    assert draft.words["usage"]["late"] == {"nano": 70_000_000, "cents": 7}
    assert draft.total_nano == 75_000_000
    assert draft.words["account"]["opening"] == -DOLLAR


@pytest.mark.parametrize("seed", range(6))
def test_statement_has_every_entry_of_a_random_ledger_exactly_once(seed: int) -> None:
    issuer()
    mine, dice = workspace(), random.Random(seed)
    months = [OVER.before.before, OVER.before, OVER]
    made: list[Paper] = []
    for month in months:
        for _ in range(dice.randrange(12)):
            # Late ones too: of any day from the first month up to this one.
            day = months[0].first + datetime.timedelta(
                days=dice.randrange((month.last - months[0].first).days + 1)
            )
            after = dice.choice([day, day, month.next.first])
            kind, sign = dice.choice(
                [
                    (Kind.TOP_UP, 1),
                    (Kind.GRANT, 1),
                    (Kind.REFUND, -1),
                    (Kind.ADJUSTMENT, -1),
                    (Kind.EXPIRY, -1),
                ]
            )
            move(mine, kind, sign * dice.randrange(1, 50 * DOLLAR), day=after, offset=System.PROMOTION)
            use(mine, day, dice.randrange(DOLLAR), model_id=dice.randrange(3), api_key_id=dice.randrange(2))
            if dice.random() < 0.3:
                charge(mine)
        charge(mine)
        draft = statement.compose(mine, month)
        if draft is not None:
            made.append(papers.write(draft))
    balance, brought, used = 0, 0, 0
    for paper in made:
        said = papers.content(paper)
        account, usage = said["account"], said["usage"]
        assert account["opening"] == balance
        balance += sum(amount for _, amount in account["kinds"])
        assert account["closing"] == paper.closing == balance
        assert usage["nano"] == paper.total_nano == -dict(account["kinds"]).get("Usage", 0)
        parts = [*usage["lines"], *([usage["late"]] if usage["late"] else [])]
        assert sum(part["nano"] for part in parts) == usage["nano"]
        assert sum(part["cents"] for part in parts) == usage["cents"] == paper.total_cents
        assert usage["cents"] * NANO_PER_CENT + usage["carried"] == usage["nano"] + brought
        listed = [movement["amount"] for movement in account["movements"]]
        assert sum(listed) == sum(amount for what, amount in account["kinds"] if what != "Usage")
        brought, used = usage["carried"], used + usage["nano"]
    entries = LedgerEntry.objects.filter(workspace_id=mine, account=System.WORKSPACE)
    days = dict(LedgerTransaction.objects.filter(workspace_id=mine).values_list("id", "day"))
    assert balance == sum(entry.amount for entry in entries if days[entry.transaction_id] <= OVER.last)
    later = sum(entry.amount for entry in entries if days[entry.transaction_id] > OVER.last)
    assert balance + later == (entries.aggregate(all=Sum("amount"))["all"] or 0)


def test_statement_sums_the_lines_beyond_the_first_five_hundred() -> None:
    issuer()
    mine = workspace()
    for number in range(503):
        use(mine, OVER.first, 10_000_000 + number, model_id=number)
    charge(mine)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    usage = draft.words["usage"]
    assert (len(usage["lines"]), usage["rest"]["parts"], usage["requests"]) == (500, 3, 503)
    assert usage["rest"]["nano"] == 3 * 10_000_000 + 0 + 1 + 2
    assert sum(line["cents"] for line in [*usage["lines"], usage["rest"]]) == usage["cents"] == 503
