"""Plans in the file: models by pattern, ceilings and retention are read, written, and refused where they cannot be."""

import pytest
import yaml

from catalog import plans
from catalog.declared import exporting
from catalog.models import Multiplier, PlanVersion
from kernel import clock

from .shop import SHOP, apply, refused

pytestmark = pytest.mark.django_db

MORE = """\
tollway: 1
plans:
  shop-plan:
    terms: {tiers: [], also_models: ['route/*'], except_models: ['route/x*'], retention_days: 30, spill_ceiling: '12.5'}
"""


def newest() -> PlanVersion:
    return PlanVersion.objects.filter(plan__slug="shop-plan").latest("version")


def test_are_read_written_and_the_same_again() -> None:
    apply(SHOP)
    apply(MORE)
    terms = newest()
    assert (terms.tiers, terms.also_models, terms.except_models) == ([], ["route/*"], ["route/x*"])
    assert (terms.retention_days, terms.spill_ceiling_nano) == (30, 12_500_000_000)
    written = exporting.export()
    stated = yaml.safe_load(written)["plans"]["shop-plan"]["terms"]
    assert (stated["also_models"], stated["spill_ceiling"]) == (["route/*"], "12.5")
    assert apply(MORE) == []
    apply("tollway: 1\nplans: {shop-plan: {terms: {retention_days: null, spill_ceiling: null}}}")
    assert (newest().retention_days, newest().spill_ceiling_nano) == (None, None)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ("{spill_ceiling: '0'}", "more than zero, or null for none"),
        ("{retention_days: 0}", "must be a whole number from 1"),
        ("{tiers: []}", "Choose a tier, or name models."),
    ],
)
def test_that_cannot_be_are_refused(terms: str, told: str) -> None:
    apply(SHOP)
    assert told in refused(f"tollway: 1\nplans: {{shop-plan: {{terms: {terms}}}}}")


def test_of_one_workspace_stay_out_of_it() -> None:
    apply(SHOP)
    base = newest()
    now = clock.now()
    Multiplier.objects.create(scope="plan", target="shop-plan", factor_ppm=1, valid_from=now, reason="r")
    plans.custom(workspace_id=7, name="Northwind", slug="northwind", base=base, terms={})
    written = exporting.export()
    assert "custom-7" not in written
    assert "target: shop-plan" in written
