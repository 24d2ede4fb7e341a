"""Tests of billing.repricing.drafts: what is saved of a re-pricing, and set aside."""

import pytest
from pytest_django import Settings

from billing.models import RepriceLine
from billing.repricing import applying, drafts
from billing.repricing.dry_run import measure
from billing.repricing.terms import Refused
from tests.billing.repricing.sold import WRITER, saved

pytestmark = pytest.mark.django_db


def test_a_draft_has_a_line_of_each_workspace_and_their_sums() -> None:
    draft, (more, less) = saved((10_000, 12_000), (9_000, 2_500))
    lines = RepriceLine.objects.filter(reprice_id=draft.pk).order_by("workspace_id")
    told = [
        (line.workspace_id, line.requests, line.moved, line.charged, line.repriced, line.delta)
        for line in lines
    ]
    assert told == [(more, 1, 1, 10_000, 12_000, 2_000), (less, 1, 1, 9_000, 2_500, -6_500)]
    assert (draft.raised, draft.lowered, draft.requests, draft.moved) == (2_000, 6_500, 2, 2)


def test_is_not_saved_without_a_reason_or_anything_to_move() -> None:
    draft, _ = saved((10_000, 2_000))
    with pytest.raises(Refused, match="Say why"):
        drafts.save(measure(drafts.terms_of(draft)), reason=" ", by=WRITER)
    with pytest.raises(Refused, match="moves no money"):
        saved((4_000, 4_000))


def test_is_discarded_for_good() -> None:
    draft, _ = saved((10_000, 2_000))
    assert drafts.discard(draft)
    assert not drafts.discard(draft)
    with pytest.raises(Refused, match="discarded already"):
        applying.begin(draft.pk, by=WRITER, charge_more=False)


def test_does_not_need_somebody_else_at_the_threshold(settings: Settings) -> None:
    settings.REPRICE_TWO_PERSONS_NANO = 5_000
    draft, _ = saved((10_000, 12_000), (9_000, 6_000))
    assert not draft.two_persons
