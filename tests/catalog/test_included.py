"""Which models terms include: by tier, by a pattern, and not those that a pattern keeps out."""

import pytest

from catalog.included import includes


@pytest.mark.parametrize(
    ("public_id", "tier", "included"),
    [
        ("route/a", "free", True),
        ("route/a", "max", False),
        ("route/qwen3", "max", True),
        ("route/qwen3-secret", "max", False),
        ("route/kept-out", "free", False),
        ("Route/qwen3", "max", False),
        ("author/qwen3", "max", False),
    ],
)
def test_by_tier_or_pattern_and_not_by_another(public_id: str, tier: str, included: bool) -> None:
    terms = {"tiers": ["free"], "also": ["route/qwen*"], "without": ["*-secret", "route/kept-out"]}
    assert includes(public_id, tier, **terms) == included


def test_nothing_without_tier_or_pattern() -> None:
    assert not includes("route/a", "free", tiers=(), also=(), without=())
