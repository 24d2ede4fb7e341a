"""Prices from the catalogue in memory: which factors apply, in which order."""

from dataclasses import replace

import pytest

from catalog.models import Multiplier, Scope
from catalog.pricing import Factor
from catalog.snapshot import _SCOPES, Catalogue, DatedFactor
from tests.inference.shelf_models import OFFER, START, TERMS, catalogue


def with_factors(**found: int) -> Catalogue:
    """Return a catalogue with factors by "scope" or "scope_target", in millionths."""
    multipliers = {}
    for number, (name, ppm) in enumerate(found.items(), start=1):
        scope, _, target = name.partition("_")
        multipliers[scope, target] = (DatedFactor(Factor(number, ppm, scope, target), START, None),)
    return replace(catalogue(OFFER), multipliers=multipliers)


def factors(known: Catalogue, **how: object) -> list[str]:
    price = known.price(OFFER, TERMS, workspace_id=1, **how)  # type: ignore[arg-type]
    return [f"{factor.scope} {factor.target}".strip() for factor in price.factors]


def test_knows_every_scope_in_the_order_of_the_rows() -> None:
    assert tuple(Scope.values) == _SCOPES


def test_own_keys_have_a_factor_of_their_own_between_dialect_and_provider() -> None:
    known = with_factors(platform=10**6, dialect_openai=10**6, byok=0, provider_one=10**6, plan_free=10**6)
    assert factors(known, provider="one") == ["platform", "dialect openai", "provider one", "plan free"]
    assert factors(known, provider="one", own_key=True) == [
        *("platform", "dialect openai", "byok", "provider one", "plan free")
    ]


def test_a_providers_own_factor_for_own_keys_goes_before_that_for_all() -> None:
    known = with_factors(byok=0, byok_one=50_000)
    assert factors(known, provider="one", own_key=True) == ["byok one"]
    assert factors(known, provider="two", own_key=True) == ["byok"]
    assert factors(known, own_key=True) == ["byok"]
    assert factors(with_factors(byok_one=0), provider="two", own_key=True) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("scope", "target"), [("byok", ""), ("byok", "openai"), ("platform", "")])
def test_rows_of_these_scopes_and_targets_can_be(scope: str, target: str) -> None:
    Multiplier.objects.filter(scope=scope, target=target).delete()
    Multiplier.objects.create(scope=scope, target=target, factor_ppm=0, valid_from=START, reason="test")
