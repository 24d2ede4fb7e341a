"""Tests of billing.repricing.terms: what may be re-priced, to the edge of each rule, and what is said where it may not."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Reprice
from billing.repricing import applying
from billing.repricing.terms import Refused, check, describe, overlapping
from catalog.models import Model, Multiplier
from kernel import clock
from tests.billing import rows
from tests.billing.repricing.sold import BEGINS, ENDS, flat, model, saved, terms

pytestmark = pytest.mark.django_db


def wrong() -> int:
    """Save a multiplier that was wrong."""
    row = Multiplier.objects.create(scope="workspace", target="x", factor_ppm=2_000_000, valid_from=clock.now(), reason="test")  # fmt: skip
    return row.pk


def refused(*models: int, **how: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        check(terms(*models, **how))
    return str(caught.value), caught.value.field


def test_fifty_models_are_not_too_many_and_fifty_one_are() -> None:
    how = {"multiplier_id": wrong(), "multiplier_ppm": 1_000_000}
    check(terms(*range(-50, 0), **how))
    assert refused(*range(-51, 0), **how) == ("Choose from one to 50 models.", "models")


def test_a_span_is_up_to_31_days_long() -> None:
    how = {"multiplier_id": wrong(), "multiplier_ppm": 1_000_000}
    check(terms(-1, begins=ENDS - timedelta(days=31), **how))
    said, field = refused(-1, begins=ENDS - timedelta(days=31, minutes=1), **how)
    assert (field, "at most 31 days on" in said) == ("ends", True)


@pytest.mark.parametrize("moment", ["begins", "ends"])
@pytest.mark.parametrize(
    "off", [timedelta(seconds=1), timedelta(microseconds=1)], ids=["second", "microsecond"]
)
def test_a_span_begins_and_ends_with_a_minute(moment: str, off: timedelta) -> None:
    how = {"begins": BEGINS, "ends": ENDS}
    assert refused(-1, **how | {moment: how[moment] + off}) == (
        "The span begins and ends with a minute.",
        "begins",
    )


def test_a_span_is_over_once_an_hour_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    how = {"multiplier_id": wrong(), "multiplier_ppm": 1_000_000}
    settled = ENDS + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: settled)
    check(terms(-1, **how))
    monkeypatch.setattr(clock, "now", lambda: settled - timedelta(microseconds=1))
    said, field = refused(-1, **how)
    assert (field, "over for an hour" in said) == ("ends", True)


def test_a_factor_is_from_nothing_to_a_thousand_and_another_than_it_was() -> None:
    row = wrong()
    for fine in (0, 10**9):
        check(terms(-1, multiplier_id=row, multiplier_ppm=fine))
    for bad in (-1, 10**9 + 1, None):
        said, field = refused(-1, multiplier_id=row, multiplier_ppm=bad)
        assert (said, field) == ("Say what the multiplier should have been, from 0 to 1,000.", "factor")
    assert refused(-1, multiplier_id=row, multiplier_ppm=2_000_000) == (
        "The multiplier is that already.",
        "factor",
    )


def test_a_price_that_is_none_and_a_missing_choice_are_told_with_their_field() -> None:
    of, card = model(flat(input=1))
    assert refused(of, price_version_id=0)[1] == "price_version"
    name = Model.objects.get(pk=of)
    said = (f"This is a price of {name}: choose that model alone.", "price_version")
    assert refused(of, of + 1, price_version_id=card.version_id) == said
    assert refused(of)[1] is None


def test_only_requests_of_the_span_that_are_open_are_waited_for() -> None:
    of, card = model(flat(input=1))
    first, end = (int(moment.timestamp() // 60) for moment in (BEGINS, ENDS))
    for minute_no in (first - 1, end):
        rows.admit(rows.workspace(), minute_no=minute_no)
    check(terms(of, price_version_id=card.version_id))
    for minute_no in (first, end - 1):
        rows.admit(rows.workspace(), minute_no=minute_no)
    said, field = refused(of, price_version_id=card.version_id)
    assert (said.split(" still")[0], field) == ("2 requests of this span are", "ends")


def test_what_was_re_priced_is_left_out_and_what_only_borders_on_it_is_not() -> None:
    draft, _ = saved((10_000, 2_000))
    of = draft.model_ids[0]
    assert not overlapping([of], BEGINS, ENDS).exists(), "a draft moves nothing"
    applying.begin(draft.pk, by=1, charge_more=False)
    minute = timedelta(minutes=1)
    for begins, ends, there in [
        (BEGINS - minute, BEGINS, False),
        (BEGINS - minute, BEGINS + minute, True),
        (ENDS - minute, ENDS + minute, True),
        (ENDS, ENDS + minute, False),
    ]:
        assert overlapping([of, of + 1], begins, ends).exists() == there
    assert not overlapping([of + 1], BEGINS, ENDS).exists()
    how = {"price_version_id": draft.price_version_id}
    assert refused(of, **how) == (
        f"A part of this was re-priced already, by {draft} (test): leave that out.",
        "begins",
    )
    applying.finish(draft.pk, seconds=5)
    assert Reprice.objects.get(pk=draft.pk).state == "applied"
    assert overlapping([of], BEGINS, ENDS).exists()


def test_up_to_three_models_are_named_and_the_others_counted() -> None:
    models = [model(flat(input=1))[0] for _ in range(5)]
    names = dict(Model.objects.values_list("pk", "public_id"))
    span = f"{BEGINS:%Y-%m-%d} 00:00 to {ENDS:%Y-%m-%d} 00:00 UTC"
    assert describe(terms(models[0])) == f"{names[models[0]]}, {span}"
    said = describe(terms(*models[:3]))
    assert sorted(said.removesuffix(f", {span}").split(", ")) == sorted(names[each] for each in models[:3])
    for many, more in [(4, 1), (5, 2)]:
        named, _, rest = describe(terms(*models[:many])).partition(" and ")
        assert (len(named.split(", ")), rest) == (3, f"{more} more, {span}")
