"""Tests of billing.repricing.applying and drafts: a re-pricing that is applied."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from pytest_django import Settings
from structlog.testing import capture_logs

from accounts.models import User
from billing import ledger
from billing.models import LedgerEntry, LedgerTransaction, Reprice, RepriceLine
from billing.repricing import applying, drafts, tasks
from billing.repricing.dry_run import DryRun, measure
from billing.repricing.terms import Refused, Terms
from catalog.pricing import Counts
from kernel import ids
from tests.billing import rows
from tests.billing.repricing.sold import BEGINS, WRITER, flat, saved, sell, version

OTHER = 2
USD = 10**9


def adjustments(workspace: int) -> list[int]:
    made = LedgerTransaction.objects.filter(workspace_id=workspace, kind="adjustment")
    legs = LedgerEntry.objects.filter(transaction_id__in=made.values("id"), account="workspace")
    return list(legs.values_list("amount", flat=True))


@pytest.mark.django_db
def test_posts_one_adjustment_for_each_workspace_that_it_moves() -> None:
    draft, (more, less, same) = saved((10_000, 12_000), (9_000, 2_500), (4_000, 4_000))
    assert (draft.raised, draft.lowered, draft.moved, draft.requests) == (2_000, 6_500, 2, 3)
    begun = applying.begin(draft.pk, by=WRITER, charge_more=True)
    assert begun.state == "applying"
    assert applying.finish(draft.pk, seconds=5)
    assert [adjustments(who) for who in (more, less, same)] == [[-2_000], [6_500], []]
    assert rows.account(less)["posted"] == 6_500
    done = Reprice.objects.get(pk=draft.pk)
    assert (done.state, done.applied_by, done.charges_more) == ("applied", WRITER, True)
    (told,) = LedgerTransaction.objects.filter(workspace_id=more, kind="adjustment")
    assert told.reason.startswith("Re-priced sandbox/")
    assert told.reason.endswith("00:00 UTC: test")
    assert f"{BEGINS:%Y-%m-%d} 00:00 to" in told.reason
    assert RepriceLine.objects.get(reprice_id=draft.pk, workspace_id=more).transaction_id == told.pk


@pytest.mark.django_db
def test_is_applied_once() -> None:
    draft, (who,) = saved((10_000, 2_000))
    applying.begin(draft.pk, by=WRITER, charge_more=False)
    assert applying.finish(draft.pk, seconds=5)
    assert applying.finish(draft.pk, seconds=5)
    with pytest.raises(Refused, match="applied already"):
        applying.begin(draft.pk, by=WRITER, charge_more=False)
    assert adjustments(who) == [8_000]


@pytest.mark.django_db
@pytest.mark.parametrize("dies_after", ["before", "posting"])
def test_goes_on_where_it_was_killed(monkeypatch: pytest.MonkeyPatch, dies_after: str) -> None:
    applying.sweep(seconds=5)  # of what other tests committed
    draft, workspaces = saved((10_000, 2_000), (10_000, 3_000), (10_000, 4_000))
    applying.begin(draft.pk, by=WRITER, charge_more=False)
    post, posted = ledger.post, []

    def dying(**movement: Any) -> Any:
        posted.append(movement["workspace_id"])
        if len(posted) == 2:
            if dies_after == "posting":
                post(**movement)
            raise KeyboardInterrupt
        return post(**movement)

    monkeypatch.setattr(ledger, "post", dying)
    with pytest.raises(KeyboardInterrupt):
        applying.finish(draft.pk, seconds=5)
    monkeypatch.undo()
    assert Reprice.objects.get(pk=draft.pk).state == "applying"
    assert applying.sweep(seconds=5) == 1
    assert [adjustments(who) for who in workspaces] == [[8_000], [7_000], [6_000]]
    assert Reprice.objects.get(pk=draft.pk).state == "applied"
    assert applying.sweep(seconds=5) == 0


@pytest.mark.django_db
def test_stops_when_its_time_is_up_and_goes_on_at_the_next_call() -> None:
    draft, workspaces = saved((10_000, 2_000), (10_000, 3_000))
    applying.begin(draft.pk, by=WRITER, charge_more=False)
    assert not applying.finish(draft.pk, seconds=0)
    assert [len(adjustments(who)) for who in workspaces] == [1, 0]
    assert applying.finish(draft.pk, seconds=0)


@pytest.mark.usefixtures("committed")
def test_posts_once_when_two_apply_it_at_a_time() -> None:
    draft, workspaces = saved(*[(10_000, 2_000 + number) for number in range(8)])
    applying.begin(draft.pk, by=WRITER, charge_more=False)

    def run() -> bool:
        try:
            return applying.finish(draft.pk, seconds=30)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert all(done.result() for done in [pool.submit(run) for _ in range(4)])
    assert [adjustments(who) for who in workspaces] == [[8_000 - number] for number in range(8)]


@pytest.mark.django_db
def test_needs_somebody_else_where_it_moves_much(settings: Settings) -> None:
    settings.REPRICE_TWO_PERSONS_NANO = 4_999
    draft, (one, _) = saved((10_000, 12_000), (9_000, 6_000))
    assert draft.two_persons, "up and down do not make up for each other"
    with pytest.raises(Refused, match="somebody else must apply it"):
        applying.begin(draft.pk, by=WRITER, charge_more=True)
    with pytest.raises(IntegrityError, match="reprice_two_persons"), transaction.atomic():
        _apply_by_hand(draft, by=WRITER)
    applying.begin(draft.pk, by=OTHER, charge_more=True)
    assert applying.finish(draft.pk, seconds=5)
    assert adjustments(one) == [-2_000]


@pytest.mark.django_db
def test_charges_more_only_if_that_is_said() -> None:
    draft, _ = saved((10_000, 12_000))
    with pytest.raises(Refused, match="confirm that they are charged more"):
        applying.begin(draft.pk, by=OTHER, charge_more=False)
    with pytest.raises(IntegrityError, match="reprice_more_is_confirmed"), transaction.atomic():
        _apply_by_hand(draft, by=OTHER, charges_more=False)


@pytest.mark.django_db
def test_is_refused_when_its_figures_have_moved() -> None:
    draft, (who,) = saved((10_000, 2_000))
    of, card = draft.model_ids[0], version(draft.model_ids[0], flat(input=5))
    sell(who, of, card, Counts(input=3))
    with pytest.raises(Refused, match="has changed since it was measured"):
        applying.begin(draft.pk, by=OTHER, charge_more=False)


@pytest.mark.django_db
def test_is_refused_where_another_has_requests_in_common() -> None:
    draft, _ = saved((10_000, 2_000))
    again = drafts.save(measure(drafts.terms_of(draft)), reason="again", by=WRITER)
    applying.begin(draft.pk, by=OTHER, charge_more=False)
    with pytest.raises(Refused, match="A part of this was re-priced already"):
        applying.begin(again.pk, by=OTHER, charge_more=False)
    with pytest.raises(IntegrityError, match="has requests in common"), transaction.atomic():
        _apply_by_hand(again, by=OTHER)
    with pytest.raises(Refused, match="A part of this was re-priced already"):
        measure(drafts.terms_of(draft))


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something between the second measuring of a draft and its beginning."""

    def measured(terms: Terms) -> DryRun:
        monkeypatch.undo()
        found = measure(terms)
        act()
        return found

    monkeypatch.setattr(applying, "measure", measured)


@pytest.mark.django_db
def test_is_refused_where_it_is_set_aside_while_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    draft, _ = saved((10_000, 2_000))
    meanwhile(monkeypatch, lambda: drafts.discard(draft))
    with pytest.raises(Refused, match="It is discarded already"):
        applying.begin(draft.pk, by=OTHER, charge_more=False)


@pytest.mark.django_db
def test_is_refused_where_one_in_common_begins_while_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    draft, _ = saved((10_000, 2_000))
    again = drafts.save(measure(drafts.terms_of(draft)), reason="again", by=WRITER)
    meanwhile(monkeypatch, lambda: applying.begin(draft.pk, by=OTHER, charge_more=False))
    with pytest.raises(Refused) as refused:
        applying.begin(again.pk, by=OTHER, charge_more=False)
    assert str(refused.value) == f"Re-pricing {draft.pk} has requests in common with this one."


@pytest.mark.django_db
def test_names_who_applied_it_in_the_ledger() -> None:
    person = User.objects.create_user("ann@tollway.example", "a long road to drive")
    for by, name in [(person.pk, "ann@tollway.example"), (0, "person 0")]:
        draft, (who,) = saved((10_000, 2_000))
        applying.begin(draft.pk, by=by, charge_more=False)
        applying.finish(draft.pk, seconds=5)
        assert LedgerTransaction.objects.get(workspace_id=who, kind="adjustment").actor == name


@pytest.mark.django_db
def test_sweep_finishes_the_others_where_one_cannot_be_finished() -> None:
    applying.sweep(seconds=5)  # of what other tests committed
    (stuck, (who,)), *others = [saved((10_000, 2_000)) for _ in range(3)]
    for draft in (stuck, *(draft for draft, _ in others)):
        applying.begin(draft.pk, by=OTHER, charge_more=False)
    ledger.post(workspace_id=who, kind=ledger.Kind.ADJUSTMENT, amount=1, offset=ledger.System.REVENUE, idem_key=f"reprice:{stuck.pk}", reason="in the way")  # fmt: skip
    with capture_logs() as logs:
        assert applying.sweep(seconds=0.9) == 2
    assert [line["reprice"] for line in logs if line["log_level"] == "error"] == [str(stuck.pk)]
    assert [adjustments(who) for _, (who,) in others] == [[8_000], [8_000]]
    assert Reprice.objects.get(pk=stuck.pk).state == "applying"


@pytest.mark.django_db
def test_sweep_without_time_leaves_everything_for_the_next() -> None:
    applying.sweep(seconds=5)  # of what other tests committed
    draft, (who,) = saved((10_000, 2_000))
    applying.begin(draft.pk, by=OTHER, charge_more=False)
    assert applying.sweep(seconds=0) == 0
    assert adjustments(who) == []
    assert tasks.finish_repricings() == 1
    assert adjustments(who) == [8_000]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_reprice SET raised = raised + 1",
        "UPDATE billing_reprice SET reason = 'other'",
        "UPDATE billing_reprice SET state = 'applied', applied_by = 2, applied_at = now(), finished_at = now()",
        "DELETE FROM billing_reprice",
        "TRUNCATE billing_reprice CASCADE",
        "UPDATE billing_reprice_line SET delta = 0, repriced = charged",
        "UPDATE billing_reprice_line SET transaction_id = gen_random_uuid()",
        "DELETE FROM billing_reprice_line",
    ],
)
def test_keeps_its_figures_whatever_is_written(statement: str) -> None:
    saved((10_000, 2_000))
    with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute(statement)


@pytest.mark.usefixtures("committed")
def test_has_lines_that_make_its_sums_and_no_others_later() -> None:
    draft, (who,) = saved((10_000, 2_000))
    first = draft.pk
    with pytest.raises(DatabaseError, match="takes no further lines"):
        RepriceLine.objects.create(
            id=first,
            workspace_id=who + 1,
            reprice_id=first,
            requests=1,
            moved=1,
            charged=5,
            repriced=4,
            delta=-1,
        )
    draft.pk = ids.request_id()
    with pytest.raises(IntegrityError, match="do not make its sums"), transaction.atomic():
        draft.save(force_insert=True)
    applying.begin(first, by=OTHER, charge_more=False)
    with pytest.raises(DatabaseError, match="is not done"):
        Reprice.objects.filter(pk=first).update(state="applied", finished_at=draft.created_at)


def _apply_by_hand(draft: Reprice, *, by: int, charges_more: bool = True) -> None:
    Reprice.objects.filter(pk=draft.pk).update(
        state="applying", applied_by=by, applied_at=draft.created_at, charges_more=charges_more
    )
