"""What made-up requests ask for: models that can be asked and paid for, with the hops that serve them."""

import pytest

from billing.seeding import wares
from catalog.models import Model
from kernel import clock
from tests.fakes import chained

pytestmark = pytest.mark.django_db


def sold(model: Model, *upstreams: str) -> Model:
    chained.live(model, *(chained.hop(upstream_model=name) for name in upstreams or ("m",)))
    return model


def test_a_model_with_a_price_of_both_classes_and_a_live_chain_is_asked_for() -> None:
    model = sold(chained.model(max_output_tokens=77), "first", "second")
    [ware] = [each for each in wares.on_sale(clock.now()) if each.model_id == model.pk]
    assert (ware.public_id, ware.longest) == (model.public_id, 77)
    assert [place.upstream_model for place in ware.places] == ["first", "second"]
    assert [place.cost for place in ware.places] == [None, None]
    assert ware.card.rates.keys() == {"input", "output"}


def test_what_has_no_price_or_only_half_of_one_or_no_chain_is_not() -> None:
    unpriced, half = sold(chained.model(priced=False)), sold(chained.model(priced=False))
    chained.price(half, classes=("input",))
    unchained = chained.model()
    found = {each.model_id for each in wares.on_sale(clock.now())}
    assert not found & {unpriced.pk, half.pk, unchained.pk}
