"""The demo's plans and multipliers; operators change them in the admin like any other."""

from .rows import PlanRow

__all__ = ["AUTO_MODELS", "MULTIPLIERS", "PLANS", "REQUEST_WEIGHTS"]

# What "auto" stands for on every plan, as far as its tiers include it: good value first, one that sees pictures early.
AUTO_MODELS = (
    "route/deepseek-v4-pro",
    "route/kimi-k2.6",
    "route/deepseek-v3.2",
    "route/kimi-k2.5",
    "anthropic/claude-sonnet-4.5",
)

_LITE = ("free", "lite")
_PREMIUM = (*_LITE, "premium")
_ALL = (*_PREMIUM, "max")

PLANS = (
    PlanRow(
        slug="free",
        name="Free",
        rank=0,
        usd="0",
        credits="0",
        period="none",
        tiers=("free",),
        day=50,
        hour=50,
        minute=100,
        streams=50,
    ),
    PlanRow(
        slug="lite",
        name="Lite",
        rank=10,
        usd="10",
        credits="10",
        period="month",
        tiers=_LITE,
        day=500,
        hour=None,
        minute=100,
        streams=50,
    ),
    PlanRow(
        slug="weekly",
        name="Weekly",
        rank=15,
        usd="7",
        credits="7",
        period="week",
        tiers=_LITE,
        day=1800,
        hour=500,
        minute=100,
        streams=50,
    ),
    PlanRow(
        slug="premium",
        name="Premium",
        rank=20,
        usd="20",
        credits="25",
        period="month",
        tiers=_PREMIUM,
        day=1500,
        hour=500,
        minute=100,
        streams=50,
    ),
    PlanRow(
        slug="max",
        name="Max",
        rank=30,
        usd="50",
        credits="70",
        period="month",
        tiers=_ALL,
        day=3000,
        hour=1000,
        minute=100,
        streams=50,
    ),
    PlanRow(
        slug="ultra",
        name="Ultra",
        rank=40,
        usd="150",
        credits="225",
        period="month",
        tiers=_ALL,
        day=10_000,
        hour=1500,
        minute=100,
        streams=50,
    ),
    # Last in rank, so that a refusal names a subscription as the lowest plan that includes a model.
    PlanRow(
        slug="payg",
        name="Pay as you go",
        rank=50,
        usd="0",
        credits="0",
        period="none",
        tiers=_ALL,
        day=None,
        hour=None,
        minute=600,
        streams=50,
    ),
)

REQUEST_WEIGHTS: list[list[str | int]] = [
    ["route/qwen3.5-plus", 2],
    ["route/qwen3.6-plus", 2],
    ["route/mimo*", 2],
    ["*image*", 5],
    ["*seedream*", 5],
]

# Scope, target, millionths, reason.
MULTIPLIERS = (
    ("platform", "", 1_000_000, "List price"),
    (
        "byok",
        "",
        0,
        "No charge for calls on a customer's own key; raise it for a platform fee",
    ),
    ("plan", "free", 0, "Models of the free tier cost nothing on the plan Free"),
)
