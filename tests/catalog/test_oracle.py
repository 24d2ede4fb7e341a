"""Our prices against an oracle: genai-prices' own reckoning of what requests cost, at a multiplier of 1.

Both begin with the same data; what is compared is all that lies between: the importer that proposals use, our rate card,
our disjoint counts, our steps, our integers and our one rounding. Theirs is a sum of Decimals that is never rounded.

The map of counts. Ours are disjoint: each token is in one class. Theirs contain each other, and a request's price is made
of what is left of each after its parts:

    input_tokens          = input + cached + cache_write + cache_write_1h + image_in + audio_in
    cache_read_tokens     = cached
    cache_write_tokens    = cache_write + cache_write_1h        of which cache_write_1h_tokens = cache_write_1h
    input_image_tokens    = image_in, input_audio_tokens = audio_in
    output_tokens         = output + reasoning + image_out + audio_out
    output_reasoning_tokens = reasoning, output_image_tokens = image_out, output_audio_tokens = audio_out
    web_searches          = web_search; a fee for the request is taken once by both

All joins (sound that was cached, pictures that were written to a cache) are 0: we count such a token as cached, and the
importer refuses a model where that is another price. A class without a price of its own is charged as what contains it:
with them by leaving it there, with us by the importer (cached, cache_write_1h, reasoning) and by `pricing.fold`.
A step counts for whole requests with both, and for prompts strictly longer than its border. Of the models with a rate
for pictures that go in none can be carried at present, so that class is not among what is compared.

The rounding. Theirs is exact, so ours must be theirs rounded half up to a nano-USD; and exactly theirs where a factor of
1,000 makes a pico of each nano, which no rounding touches.
"""

import random
from dataclasses import fields
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice
from genai_prices.types import Provider as House

from catalog.pricing import Counts, Factor, RateCard, cost, fold
from catalog.proposals import genai
from catalog.proposals.listing import Uncarried

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)
USAGES = 2_000
MODELS = 45
PICO_FACTOR = (Factor(id=0, ppm=10**9),)  # a thousand times: nano-USD become pico-USD
HOUSES = (
    *(
        "anthropic",
        "openai",
        "google",
        "mistral",
        "x-ai",
        "groq",
        "deepseek",
        "cohere",
        "perplexity",
        "openrouter",
    ),
    *("azure", "aws", "together", "fireworks", "moonshotai", "zai", "minimax", "cerebras", "novita"),
)
# What there must be models with, and how many of them at least.
TRAITS = {
    "steps": 8,
    "cached": 20,
    "cache_write": 10,
    "cache_write_1h": 5,
    "reasoning of its own": 1,
    "audio_in": 2,
    "audio_out": 1,
    "image_out": 1,
    "web_search": 5,
    "request": 2,
    "dated": 5,
    "finer than a nano": 8,
}
# Their keys that our classes have no word for, each with a model of theirs that is refused for it.
REFUSED = {
    ("google", "gemini-2.5-flash"): "cache_audio_read_mtok differs from cache_read_mtok",
    ("openai", "gpt-image-1"): "cache_image_read_mtok differs from cache_read_mtok",
    ("google", "gemini-embedding-2"): "input_video_mtok differs from input_mtok",
    ("perplexity", "sonar-deep-research"): "output_citation_mtok differs from output_mtok",
    ("deepseek", "deepseek-chat"): "the price depends on the time of day",
    ("openai", "tts-1"): "input_mchars is not counted",
    ("groq", "whisper-large-v3"): "audio_hours is not counted",
    ("mistral", "mistral-ocr-2503"): "input_document_kpages is not counted",
    ("openrouter", "google/gemini-2.5-flash"): "cache_write_mtok is finer than a micro-dollar per million",
    ("openai", "moderation"): "no price is listed",
}


@cache
def houses() -> dict[str, House]:
    return {house.id: house for house in get_snapshot().providers}


def model(house: str, name: str) -> ModelInfo:
    (found,) = [each for each in houses()[house].models if each.id == name]
    return found


def card(of: ModelInfo) -> RateCard:
    """Return the rate card that an approved proposal would make of a model that had no cost before."""
    return RateCard(1, genai.tariff(of, MOMENT).over(None))


def standing(of: ModelInfo) -> ModelPrice:
    return of.get_prices(MOMENT)


@cache
def traits(house: str, name: str) -> set[str]:
    of = model(house, name)
    stated = genai.tariff(of, MOMENT).stated
    found = {name for name in stated if name in TRAITS}
    found |= {"steps"} if any(len(steps) > 1 for steps in stated.values()) else set()
    found |= {"reasoning of its own"} if "reasoning" in stated else set()
    fine = any(amount % 1000 for steps in stated.values() for _, amount in steps)
    found |= {"finer than a nano"} if fine else set()
    return found | ({"dated"} if not isinstance(of.prices, ModelPrice) else set())


@cache
def carried() -> tuple[tuple[str, str], ...]:
    """Return the models of all houses that can be carried, and that are found by their own id."""
    found = []
    for name in HOUSES:
        for each in houses()[name].models:
            try:
                genai.tariff(each, MOMENT)
            except Uncarried:
                continue
            if houses()[name].find_model(each.id) is each:
                found.append((name, each.id))
    return tuple(found)


@cache
def chosen() -> tuple[tuple[str, str], ...]:
    """Return the models that are asked about: first what has rare traits, then some of every house."""
    picked: dict[tuple[str, str], None] = {}
    for trait, least in TRAITS.items():
        fitting = [key for key in carried() if trait in traits(*key)]
        picked |= dict.fromkeys(fitting[:least])
    for name in HOUSES:
        picked |= dict.fromkeys([key for key in carried() if key[0] == name][:1])
    rest = random.Random(5).sample(carried(), len(carried()))
    for key in rest:
        if len(picked) >= MODELS:
            break
        picked[key] = None
    return tuple(picked)


@cache
def usages() -> tuple[Counts, ...]:
    """Return random counts of every class, near the borders of steps too, large and small, and none at all."""
    chance = random.Random(20_261_121)
    sizes = (1, 10, 1_000, 50_000, 150_000, 300_000, 1_000_000)

    def count(likely: float) -> int:
        return chance.randint(0, chance.choice(sizes)) if chance.random() < likely else 0

    made = [Counts(), Counts(input=200_000), Counts(input=200_001), Counts(input=1), Counts(output=1)]
    while len(made) < USAGES:
        drawn = {each.name: count(0.5) for each in fields(Counts) if each.name not in ("image", "web_search")}
        made.append(Counts(**drawn, web_search=chance.randint(0, 9) if chance.random() < 0.3 else 0))
    return tuple(made)


def theirs(house: str, name: str, counts: Counts) -> Decimal:
    """Return what genai-prices says that counts cost, in USD, not rounded."""
    usage = Usage(
        input_tokens=counts.prompt_tokens,
        output_tokens=counts.completion_tokens,
        cache_read_tokens=counts.cached,
        cache_write_tokens=counts.cache_write + counts.cache_write_1h,
        cache_write_1h_tokens=counts.cache_write_1h,
        input_image_tokens=counts.image_in,
        input_audio_tokens=counts.audio_in,
        output_reasoning_tokens=counts.reasoning,
        output_image_tokens=counts.image_out,
        output_audio_tokens=counts.audio_out,
        web_searches=counts.web_search,
        **dict.fromkeys(("cache_audio_read_tokens", "cache_image_read_tokens", "cache_text_read_tokens"), 0),
    )
    with localcontext(prec=100):
        found = calc_price(usage, name, provider_id=house, genai_request_timestamp=MOMENT)
    assert (found.provider.id, found.model.id) == (house, name)
    return found.total_price


def sold(of: RateCard, counts: Counts) -> Counts:
    """Return counts as they are charged; a search that nobody has a price for is paid by neither."""
    folded, _ = fold(of, counts)
    if "web_search" not in of.rates:
        folded = Counts(
            **{each.name: getattr(folded, each.name) for each in fields(Counts) if each.name != "web_search"}
        )
    return folded


def test_the_oracle_is_asked_about_enough_models_of_every_kind() -> None:
    assert len(chosen()) >= 40
    assert len({house for house, _ in chosen()}) >= 12
    assert len(usages()) == USAGES
    for trait, least in TRAITS.items():
        assert sum(trait in traits(*key) for key in chosen()) >= least, trait


@pytest.mark.parametrize("key", chosen(), ids=" ".join)
def test_the_oracle_agrees_to_the_nano(key: tuple[str, str]) -> None:
    ours = card(model(*key))
    if "output" not in ours.rates:  # embeddings give no tokens out, and nobody has a price for them
        asked = [counts for counts in usages() if not counts.completion_tokens]
        asked += [Counts(input=counts.input, cached=counts.cached) for counts in usages()]
    else:
        asked = list(usages())
    for counts in asked[:USAGES]:
        exact = theirs(*key, counts)
        charged = sold(ours, counts)
        with localcontext(prec=100):
            assert cost(ours, charged, PICO_FACTOR) == exact * 10**12, counts
            nano = (exact * 10**9).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        assert cost(ours, charged, ()) == nano, counts


def test_the_oracle_agrees_on_every_model_that_is_carried() -> None:
    few = [counts for counts in usages()[:40] if counts.prompt_tokens][:6]
    for key in carried():
        ours = card(model(*key))
        for counts in few:
            used = counts if "output" in ours.rates else Counts(input=counts.input)
            with localcontext(prec=100):
                assert cost(ours, sold(ours, used), PICO_FACTOR) == theirs(*key, used) * 10**12, (key, used)
    assert len(carried()) > 1_000


def test_some_of_these_charges_are_rounded_up_and_some_down() -> None:
    fine = [card(model(*key)) for key in chosen() if "finer than a nano" in traits(*key)]
    ends = {
        cost(ours, sold(ours, counts), PICO_FACTOR) % 1000
        for ours in fine
        for counts in usages()[:200]
        if "output" in ours.rates
    }
    assert {0, 500} < ends
    assert any(0 < end < 500 for end in ends)
    assert any(end > 500 for end in ends)


@pytest.mark.parametrize(("key", "why"), REFUSED.items(), ids=[" ".join(key) for key in REFUSED])
def test_a_price_that_our_classes_cannot_hold_is_refused_by_name(key: tuple[str, str], why: str) -> None:
    with pytest.raises(Uncarried, match=why):
        genai.tariff(model(*key), MOMENT)


def test_nothing_is_left_out_of_a_price_in_silence() -> None:
    """Every key of every carried price is a class of ours, costs what it is counted as, or is never asked for."""
    known = {*genai.CLASSES, *genai.COUNTED_AS, *genai.NEVER_ASKED}
    for house, name in carried():
        price = standing(model(house, name))
        stated = {key for key, value in price.__dict__.items() if value is not None}
        assert stated <= known, (house, name)
        for key in stated & genai.COUNTED_AS.keys():
            assert getattr(price, key) == getattr(price, genai.COUNTED_AS[key])
