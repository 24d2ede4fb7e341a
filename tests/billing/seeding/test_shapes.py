"""How a made-up request of a model goes: it has an end that the gateway knows, and figures that fit each other."""

import random
from typing import Any

import pytest

from billing.seeding.shapes import COLUMNS, PER_WARE, Shape, drawn
from billing.seeding.wares import Place, Ware
from catalog.pricing import RateCard

CARD = RateCard(7, {"input": ((0, 500_000),), "output": ((0, 2_000_000),)})
PLACES = (Place(3, 4, "first", CARD), Place(5, 6, "second", None))


@pytest.fixture(scope="module")
def shapes() -> list[Shape]:
    ware = Ware(1, "route/one", 2, 4096, CARD, (), PLACES)
    return [shape for seed in range(6) for shape in drawn(ware, random.Random(seed))]


def said(shape: Shape) -> dict[str, Any]:
    """Return the columns of a shape, whole numbers where they are."""
    values = dict(zip(COLUMNS, shape.text.split("\t"), strict=True))
    return {name: int(text) if text.isdecimal() else text for name, text in values.items()}


def test_every_end_is_one_that_the_gateway_writes(shapes: list[Shape]) -> None:
    assert len(shapes) == 6 * PER_WARE
    ends = {(each["status"], each["http_status"]) for each in map(said, shapes)}
    assert {("ok", 200), ("failed", 502), ("client_gone", 200), ("reaped", 200)} < ends
    assert {http for status, http in ends if status != "failed"} == {200}
    assert {http for status, http in ends if status == "failed"} <= {502, 504}
    assert sum(said(shape)["status"] == "ok" for shape in shapes) > 0.9 * len(shapes)


def test_what_failed_was_tried_twice_and_costs_nothing(shapes: list[Shape]) -> None:
    for shape in shapes:
        if said(shape)["status"] == "failed":
            assert (shape.cost, said(shape)["cost"], said(shape)["provider_cost"]) == (0, 0, 0)
            assert (len(shape.tries), said(shape)["attempts"], said(shape)["ttfb_ms"]) == (2, 2, "\\N")
            assert said(shape)["output_tokens"] == said(shape)["provider_id"] == 0


def test_what_was_served_began_before_it_ended_and_cost_less_than_was_held(shapes: list[Shape]) -> None:
    for each in map(said, shapes):
        if each["status"] != "failed":
            assert 0 < each["ttfb_ms"] <= each["latency_ms"]
            assert 0 < each["provider_cost"] <= each["cost"] < each["hold"]
            assert each["input_tokens"] * 500 + each["output_tokens"] * 2_000 == each["cost"]


def test_tries_that_did_not_serve_come_one_after_another_in_the_time_it_took(shapes: list[Shape]) -> None:
    missed = [shape for shape in shapes if shape.tries]
    assert 0.01 < len(missed) / len(shapes) < 0.1
    for shape in missed:
        assert shape.latency_ms > sum(each.milliseconds for each in shape.tries)
        for one, other in zip(shape.tries, shape.tries[1:], strict=False):
            assert other.after_ms >= one.after_ms + one.milliseconds
            assert one.place != other.place


def test_prompts_are_of_very_different_lengths(shapes: list[Shape]) -> None:
    prompts = sorted(each["input_tokens"] for each in map(said, shapes) if each["input_tokens"])
    assert prompts[-len(prompts) // 10] > 10 * prompts[len(prompts) // 10]
