"""Models for the tests of the shelf: one offer with everything on it, and what is said of it."""

from dataclasses import replace
from datetime import UTC, datetime

from catalog.pricing import RateCard
from catalog.snapshot import Catalogue, Offer, Terms
from catalog.timetable import Timetable, Version
from tests.fakes.hops import ONE

START = datetime(2026, 1, 1, tzinfo=UTC)
CARD = RateCard(1, {"input": ((0, 1_000_000),), "output": ((0, 4_000_000),)})
HOP = replace(ONE, upstream_model="upstream")
OFFER = Offer(
    model_id=1,
    public_id="route/one",
    aliases=("maker/one",),
    name="One",
    author="maker",
    description="The first.",
    capability="chat",
    tier="free",
    context_length=1000,
    max_output_tokens=100,
    input_modalities=("text",),
    output_modalities=("text",),
    supported_parameters=("tools",),
    tokenizer="",
    instruct_type="",
    truncates=False,
    created=int(START.timestamp()),
    chain_id=1,
    hops=(HOP,),
    prices=Timetable((Version(CARD, START),)),
    costs={},
)
TERMS = Terms(
    plan_version_id=1,
    slug="free",
    name="Free",
    rank=5,
    tiers=frozenset({"free"}),
    minute_cap=None,
    hour_cap=None,
    day_cap=None,
    stream_cap=1,
    default_max_tokens=10,
    weights=(),
    auto_models=(),
    empty_answers_are_free=True,
)


def catalogue(*offers: Offer, terms: Terms | None = TERMS) -> Catalogue:
    """Return a catalogue of these offers and one plan."""
    return Catalogue(
        revision=1,
        offers=offers,
        names={name: offer for offer in offers for name in (offer.public_id, *offer.aliases)},
        plans={terms.plan_version_id: terms} if terms is not None else {},
        multipliers={},
    )
