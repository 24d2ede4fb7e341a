"""Prices from the catalogue in memory: which factors apply, in which order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog.models import Multiplier, Scope
from catalog.pricing import Factor, RateCard
from catalog.snapshot import _SCOPES, Catalogue, DatedFactor, Unpriced
from catalog.timetable import EVERY_DAY, Coming, Timetable, Version, Window
from kernel import clock
from tests.inference.shelf_models import CARD, OFFER, START, TERMS, catalogue


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


def test_charges_by_the_kind_that_holds_now_and_tells_what_comes() -> None:
    now, day = clock.now(), timedelta(days=1)
    standard, offer = RateCard(1, CARD.rates), RateCard(2, CARD.rates)
    later = Version(RateCard(3, CARD.rates), now + 2 * day)
    always = Version(RateCard(4, CARD.rates), START, kind="time_of_day", window=Window(0, 1440, EVERY_DAY))
    sale = Version(offer, now - day, now + day, "promotion", label="Launch offer")
    sold = replace(OFFER, prices=Timetable((Version(standard, START), later, sale)))
    known = catalogue(sold)
    assert known.price(sold, TERMS, workspace_id=1).card is offer
    assert known.coming(sold) == Coming(now + day, Version(standard, START))
    assert known.windows(sold) == ()
    by_day = replace(
        OFFER, prices=Timetable((Version(standard, START), always)), costs={7: Timetable((sale,))}
    )
    assert known.price(by_day, TERMS, workspace_id=1).card is always.card
    assert known.windows(by_day) == (always,)
    assert known.coming(by_day) is None
    assert known.provider_price(by_day, 7) is offer
    assert known.provider_price(by_day, 8) is None


def test_a_price_told_before_ends_at_the_moment_of_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    border = minute + timedelta(seconds=20, microseconds=7)
    cheaper = Version(RateCard(2, CARD.rates), border)
    sold = replace(OFFER, prices=Timetable((Version(CARD, START), cheaper)))
    factor = DatedFactor(Factor(9, 2 * 10**6, "platform"), border + timedelta(seconds=1), None)
    known = replace(catalogue(sold), multipliers={("platform", ""): (factor,)})
    told = []
    for offset in (timedelta(0), border - minute, border - minute + timedelta(seconds=1)):
        monkeypatch.setattr(clock, "now", lambda offset=offset: minute + offset - timedelta(microseconds=1))
        before = known.price(sold, TERMS, workspace_id=1)
        monkeypatch.setattr(clock, "now", lambda offset=offset: minute + offset)
        told.append((before.card.version_id, known.price(sold, TERMS, workspace_id=1)))
    assert [before for before, _ in told] == [CARD.version_id, CARD.version_id, 2]
    assert [(price.card.version_id, price.factors_text) for _, price in told] == [
        (CARD.version_id, ""),
        (2, ""),
        (2, "9:2000000"),
    ]
    assert known.price(sold, TERMS, workspace_id=1) is known.price(sold, TERMS, workspace_id=1)


def test_what_was_told_of_one_workspace_is_not_told_to_another() -> None:
    known = with_factors(workspace_1=2 * 10**6, provider_one=3 * 10**6)
    for _ in range(2):
        assert factors(known) == ["workspace 1"]
        assert factors(known, provider="one") == ["provider one", "workspace 1"]
        assert known.price(OFFER, TERMS, workspace_id=2).factors == ()


def test_sells_nothing_between_prices() -> None:
    now, day = clock.now(), timedelta(days=1)
    over = replace(OFFER, prices=Timetable((Version(CARD, now - 2 * day, now - day, "promotion"),)))
    with pytest.raises(Unpriced):
        catalogue(over).price(over, TERMS, workspace_id=1)
    ahead = replace(OFFER, costs={7: Timetable((Version(CARD, now + day),))})
    assert catalogue(ahead).provider_price(ahead, 7) is None, "a cost to come does not take it off the shelf"


@pytest.mark.django_db
@pytest.mark.parametrize(("scope", "target"), [("byok", ""), ("byok", "openai"), ("platform", "")])
def test_rows_of_these_scopes_and_targets_can_be(scope: str, target: str) -> None:
    Multiplier.objects.filter(scope=scope, target=target).delete()
    Multiplier.objects.create(scope=scope, target=target, factor_ppm=0, valid_from=START, reason="test")
