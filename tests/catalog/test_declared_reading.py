"""Tests of catalog.declared.reading: every mistake in the form of a file is told, with its path and its line."""

import pytest

from catalog.declared import reading, tree
from catalog.declared.book import Step
from catalog.declared.tree import Refused

MODEL = "tollway: 1\nmodels:\n  route/x:\n    "
PROVIDER = "tollway: 1\nproviders:\n  p:\n    "


def problems(text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        reading.read(text)
    return [str(problem) for problem in refused.value.problems]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    told = problems(
        "tollway: 1\nplans:\n  free:\n    rank: first\n    terms: {tiers: [gold], caps: {minutes: 3}}\n"
        "models:\n  route/x:\n    active: yes\n    colour: red\n    chain:\n      - {model: a}\n      - to: p/e\n"
    )
    assert [one.split(": ")[:2] for one in told] == [
        ["line 4", "plans.free.rank"],
        ["line 5", "plans.free.terms.caps.minutes"],
        ["line 5", "plans.free.terms.tiers[0]"],
        ["line 8", "models.route/x.active"],
        ["line 9", "models.route/x.colour"],
        ["line 11", "models.route/x.chain[0]"],
        ["line 12", "models.route/x.chain[1]"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- 1", "line 1: must be a mapping"),
        ("a: [", "this is no YAML that can be read"),
        ("tollway: 1\n---\ntollway: 1\n", "this is no YAML that can be read"),
        ("providers: {}", "begin with `tollway: 1`"),
        ("tollway: 2", "only version 1 of the form is known"),
        ("tollway: 1\nusers: {}", "users: is no field that is known here"),
        ("tollway: 1\nproviders: {p: {name: a}, p: {name: b}}", "providers.p: this key is there twice"),
        ("tollway: 1\nproviders: {p q: {name: a}}", "its name must be 1 to 32 letters"),
        ("tollway: 1\n? [a]\n: 1", "a key must be text"),
        (MODEL + "context_length: 1_000.5", "must be a whole number"),
        (MODEL + "context_length: 010", "must be a whole number"),
        (MODEL + "context_length: '10'", "must be a whole number"),
        (MODEL + "context_length: 3000000000", "must be a whole number"),
        (MODEL + "name: 1.5", "must be text; put it in quotes"),
        (MODEL + "name: no", "must be text; put it in quotes"),
        (MODEL + "name: ''", "must not be empty"),
        (MODEL + f"name: {'x' * 129}", "has 129 characters; at most 128 fit"),
        (MODEL + "aliases: [a, a]", "has something twice"),
        (MODEL + "tier: gold", "must be one of free, lite, premium, max"),
        (MODEL + "created: 2025-01-01T00:00:00", "must be a moment with its zone"),
        (MODEL + "expires_on: soon", "must be a day"),
        (MODEL + "chain: []", "a chain has a hop at least"),
        (MODEL + "chain: [{to: a/b, model: m, weight: 1001}]", "must be a whole number from 0 to 1000"),
        (MODEL + "sell: [{rates: {}}]", "has no rate; a price without one would be free"),
        (MODEL + "sell: [{source: x}]", "lacks `rates`"),
        (MODEL + "sell: [{rates: {token: '1'}}]", "is no class of input, cached"),
        (MODEL + "sell: [{rates: {input>0: '1'}}]", "is no class of input, cached"),
        (MODEL + "sell: [{rates: {input: '0.0000001'}}]", "with at most 6 decimals"),
        (MODEL + "sell: [{rates: {input: -1}}]", "must be USD per million tokens"),
        (MODEL + "sell: [{rates: {input: .inf}}]", "must be USD per million tokens"),
        (MODEL + "sell: [{rates: {input: 1e400}}]", "must be USD per million tokens"),
        (MODEL + "sell: [{rates: {input: 1.0000000000000000000000000000001}}]", "with at most 6 decimals"),
        (MODEL + "sell: [{rates: {input: 1}}, {rates: {input: 2}}]", "two without one"),
        (PROVIDER + "headers: [a]", "must be a mapping"),
        (PROVIDER + "drain_seconds: 6", "must be a whole number from 0 to 5"),
        ("tollway: 1\nmultipliers: [{scope: platform, factor: '1.0000001', reason: r}]", "at most six decimals"),
        ("tollway: 1\nmultipliers: [{scope: nowhere, factor: 1, reason: r}]", "must be one of platform"),
        ("tollway: 1\nmultipliers: [{scope: platform}]", "lacks `factor`"),
        ("tollway: 1\nplans: {a: {terms: {price: '1.0000000001'}}}", "an amount of USD"),
        ("tollway: 1\nplans: {a: {terms: {request_weights: [[a]]}}}", "must be a pair"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(text: str, said: str) -> None:
    assert any(said in one for one in problems(text)), problems(text)


@pytest.mark.parametrize(
    "written",
    ["sk-live-123456789", "{default: sk-live-123456789}", "[sk-live-123456789]", "'env:'", "env:A B"],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(written: str) -> None:
    (told,) = problems(PROVIDER + f"endpoints: {{default: {{base_url: '', credential: {written}}}}}")
    assert "must be env:NAME" in told
    assert "sk-live" not in told


def test_a_file_is_bounded_in_size_in_depth_and_in_what_its_aliases_grow_to() -> None:
    assert "larger than" in problems("tollway: 1 #" + "x" * tree.MOST_BYTES)[0]
    assert "nested" in problems("a: " + "[" * 60 + "]" * 60)[0]
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    assert "more than" in problems(bomb)[0]
    assert "nested" in problems("a: &a {b: *a}\n")[0]
    assert "nested" in problems("a: &a {<<: *a}\n")[0]


def test_numbers_are_exact_and_may_be_written_with_or_without_quotes() -> None:
    book = reading.read(
        MODEL + "sell: [{rates: {input: 0.1, output: '0.30', cached: 1e-1, request: 0.000000000001, input>200000: 3}}]"
    )  # fmt: skip
    assert book.models["route/x"].sell[0].steps == {
        Step("input", 0, 100_000),
        Step("input", 200_000, 3_000_000),
        Step("output", 0, 300_000),
        Step("cached", 0, 100_000),
        Step("request", 0, 1),
    }


def test_only_what_the_file_names_is_stated() -> None:
    model = reading.read(MODEL + "active: false").models["route/x"]
    assert model.entry.values == {"active": False}
    assert (model.chain, model.sell, model.costs) == (None, (), {})


def test_anchors_and_merges_are_read_as_what_they_stand_for() -> None:
    book = reading.read(
        "tollway: 1\nmodels:\n  a: &a {tier: lite, active: true}\n  b: {<<: *a, active: false}\n"
    )
    assert book.models["b"].entry.values == {"tier": "lite", "active": False}


def test_a_tag_makes_no_object() -> None:
    text = "tollway: 1\nplans: {a: !!python/object/apply:os.system {public: true}}\n"
    assert reading.read(text).plans["a"].entry.values == {"public": True}
