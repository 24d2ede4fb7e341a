"""Redeeming: a code becomes credit as often as it may, whoever comes at the same moment, and says why where it does not."""

import threading
import time
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from accounts.models import Workspace
from billing import figures, statements
from billing.models import CreditLot, Redemption, Voucher, VoucherBatch
from billing.vouchers import batches
from billing.vouchers.codes import digest, mint
from billing.vouchers.redeeming import Given, Refused, redeem
from kernel import clock, ids
from tests.billing import rows
from tests.billing.vouchers.making import DOLLAR, codes

TODAY = clock.utc_day(clock.now())


def workspace() -> Workspace:
    return Workspace.objects.get(pk=rows.workspace())


def give(to: Workspace, code: str) -> Given:
    return redeem(to, code, by="mara@northwind.example", limited_as=None)


def refusal(to: Workspace, code: str) -> str:
    with pytest.raises(Refused) as caught:
        give(to, code)
    return str(caught.value)


@pytest.mark.django_db
def test_redeeming_adds_credit_that_is_spent_before_the_customers_own() -> None:
    mine, [code] = workspace(), codes(credit_days=30)
    given = give(mine, code.lower())
    assert given == Given(5 * DOLLAR, TODAY + timedelta(days=31))
    lot = CreditLot.objects.get(workspace_id=mine.pk)
    assert (lot.source, lot.priority, lot.remaining, lot.expires_on) == (
        "voucher",
        20,
        5 * DOLLAR,
        given.expires_on,
    )
    assert statements.balance(mine.pk).posted == 5 * DOLLAR
    use = Redemption.objects.get(workspace_id=mine.pk)
    assert (use.place, use.redeemed_by, use.transaction_id) == (
        1,
        "mara@northwind.example",
        lot.transaction_id,
    )
    assert rows.findings(mine.pk) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "ends"),
    [
        ({}, None),
        ({"credit_days": 1}, TODAY + timedelta(days=2)),
        ({"credit_ends_on": date(2999, 1, 1)}, date(2999, 1, 1)),
    ],
)
def test_redeeming_gives_credit_an_end_by_the_batch(terms: dict[str, Any], ends: date | None) -> None:
    [code] = codes(**terms)
    assert give(workspace(), code).expires_on == ends


@pytest.mark.django_db
def test_redeeming_says_the_same_of_an_unknown_code_and_of_one_that_others_used_up() -> None:
    [code] = codes(redeem_by=TODAY)
    give(workspace(), code)
    says = "This code is not valid, or it has been used up."
    assert refusal(workspace(), mint()) == refusal(workspace(), code) == says


@pytest.mark.django_db
def test_redeeming_says_what_is_no_code_at_all_and_counts_no_try() -> None:
    mine, person = workspace(), str(ids.request_id())
    for typed in ("", "hello", mint()[:-1]) * 3:
        with pytest.raises(Refused, match=r"^This is no voucher code\. Codes look like "):
            redeem(mine, typed, by="x", limited_as=person)


@pytest.mark.django_db
def test_redeeming_tells_a_workspace_what_it_did_itself() -> None:
    mine, [one, two] = workspace(), codes(2, most_redemptions=3)
    give(mine, one)
    day = figures.day(TODAY, year=True)
    assert refusal(mine, one) == f"This workspace has redeemed this code already, on {day}."
    assert "another code of the same kind" in refusal(mine, two)
    assert give(workspace(), one).amount == 5 * DOLLAR


@pytest.mark.django_db
def test_redeeming_several_codes_of_a_batch_is_possible_where_the_batch_says_so() -> None:
    mine, [one, two] = workspace(), codes(2, once_per_workspace=False)
    give(mine, one)
    give(mine, two)
    assert statements.balance(mine.pk).posted == 10 * DOLLAR


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"redeem_by": TODAY - timedelta(days=1)}, "could be redeemed until"),
        ({"credit_ends_on": TODAY}, "The credit of this code ended on"),
        ({"stopped_at": timezone.now()}, "was withdrawn"),
    ],
)
def test_redeeming_says_why_a_code_gives_nothing_any_more(terms: dict[str, Any], says: str) -> None:
    mine, [code] = workspace(), codes(**terms)
    assert says in refusal(mine, code)
    assert statements.balance(mine.pk).posted == 0


@pytest.mark.django_db
def test_redeeming_on_the_last_day_still_works() -> None:
    [code] = codes(redeem_by=TODAY)
    assert give(workspace(), code).amount == 5 * DOLLAR


@pytest.mark.django_db
def test_redeeming_for_a_suspended_workspace_is_refused() -> None:
    mine, [code] = workspace(), codes()
    Workspace.objects.filter(pk=mine.pk).update(status="suspended")
    mine.refresh_from_db()
    assert refusal(mine, code) == "This workspace is suspended."


@pytest.mark.django_db
def test_redeeming_is_tried_five_times_a_minute_by_a_person_and_in_a_workspace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present)

    def tries(to: Workspace, person: str) -> list[bool]:
        said = []
        for _ in range(6):
            with pytest.raises(Refused) as caught:
                redeem(to, mint(), by="x", limited_as=person)
            said.append("Too many codes were tried" in str(caught.value))
        return said

    mine, person = workspace(), str(ids.request_id())
    assert tries(mine, person) == [*[False] * 5, True]
    assert all(tries(mine, str(ids.request_id())))
    assert all(tries(workspace(), person))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_voucher_redemption SET workspace_id = 1",
        "DELETE FROM billing_voucher_redemption",
        "UPDATE billing_voucher SET redeemed = redeemed + 1",
        "UPDATE billing_voucher SET redeemed = redeemed - 1",
        "UPDATE billing_voucher SET most_redemptions = 9",
        "UPDATE billing_voucher_batch SET amount = amount + 1",
        "DELETE FROM billing_voucher_batch",
    ],
)
def test_redeeming_leaves_rows_that_no_program_changes(statement: str) -> None:
    [code] = codes()
    give(workspace(), code)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.run(statement)


@pytest.mark.django_db
def test_redeeming_stops_with_the_batch() -> None:
    [one, two] = codes(2)
    give(workspace(), one)
    batch = Voucher.objects.get(digest=digest(one)).batch
    assert batches.stop(batch.pk)
    assert not batches.stop(batch.pk)
    assert "withdrawn" in refusal(workspace(), two)


@pytest.mark.django_db
def test_making_a_batch_twice_gives_its_codes_once() -> None:
    batch = VoucherBatch(note="x", amount=1, codes=3, created_by="op")
    made = batches.make(batch)
    with pytest.raises(batches.AlreadyMade):
        batches.make(VoucherBatch(id=batch.pk, note="x", amount=1, codes=3, created_by="op"))
    kept = [bytes(voucher.digest) for voucher in Voucher.objects.filter(batch=batch)]
    assert len(made) == len(kept) == 3
    assert not any(code.encode() in digest for code in made for digest in kept)


def at_once(tries: list[tuple[Workspace, str]]) -> list[str]:
    """Redeem all at the same moment and return how each ended."""
    barrier, ends = threading.Barrier(len(tries)), []

    def one(to: Workspace, code: str) -> None:
        try:
            barrier.wait(timeout=30)
            give(to, code)
            ends.append("given")
        except Refused:
            ends.append("refused")
        except BaseException as error:
            ends.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=each) for each in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(ends)


@pytest.mark.usefixtures("committed")
def test_redeeming_one_code_at_once_by_twelve_gives_it_to_one() -> None:
    [code] = codes()
    them = [workspace() for _ in range(12)]
    assert at_once([(each, code) for each in them]) == ["given", *["refused"] * 11]
    assert sum(statements.balance(each.pk).posted for each in them) == 5 * DOLLAR


@pytest.mark.usefixtures("committed")
def test_redeeming_codes_of_one_batch_at_once_in_a_workspace_gives_one() -> None:
    mine, made = workspace(), codes(8)
    assert at_once([(mine, code) for code in made]) == ["given", *["refused"] * 7]
    assert statements.balance(mine.pk).posted == 5 * DOLLAR


@pytest.mark.usefixtures("committed")
def test_redeeming_a_code_for_three_at_once_by_ten_gives_it_to_three() -> None:
    [code] = codes(most_redemptions=3)
    them = [workspace() for _ in range(10)]
    assert at_once([(each, code) for each in them]) == [*["given"] * 3, *["refused"] * 7]
    assert sum(statements.balance(each.pk).posted for each in them) == 15 * DOLLAR
