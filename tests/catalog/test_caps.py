"""Caps of a plan: empty is no cap, zero lets nothing in, and what is no number of requests is refused."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from catalog.models import Plan, PlanVersion
from kernel import clock

pytestmark = pytest.mark.django_db
CAPS = ("minute_cap", "hour_cap", "day_cap", "stream_cap")


def version(**caps: Any) -> PlanVersion:
    plan, _ = Plan.objects.get_or_create(slug="capped", defaults={"name": "Capped", "rank": 9_999})
    terms = {
        "price_nano": 0,
        "credits_nano": 0,
        "tiers": ["free"],
        "stream_cap": 7,
        "published_at": clock.now(),
    }
    return PlanVersion(plan=plan, version=1, **{**terms, **caps})


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("number", [-1, 2**31])
def test_no_number_of_requests_is_refused_by_its_name(cap: str, number: int) -> None:
    with pytest.raises(ValidationError) as refused:
        version(**{cap: number}).full_clean()
    assert cap in refused.value.message_dict


@pytest.mark.parametrize("cap", CAPS)
def test_the_database_keeps_no_negative_one(cap: str) -> None:
    with pytest.raises(IntegrityError, match=f"{cap}_check"), transaction.atomic():
        version(**{cap: -1}).save()


@pytest.mark.parametrize("cap", CAPS[:-1])
@pytest.mark.parametrize("number", [None, 0])
def test_none_and_zero_are_two_things(cap: str, number: int | None) -> None:
    made = version(**{cap: number})
    made.save()
    assert getattr(PlanVersion.objects.get(pk=made.pk), cap) == number


def test_streams_always_have_one() -> None:
    with pytest.raises(ValidationError):
        version(stream_cap=None).full_clean()
