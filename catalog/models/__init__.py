"""The rows of the catalogue."""

from .key import EndpointKey
from .offer import Capability, Model, Tier
from .plan import Plan, PlanVersion
from .price import Multiplier, PriceKind, PriceVersion, Rate, Scope, TokenClass
from .revision import CatalogRevision
from .route import Chain, Dialect, Endpoint, Hop, Provider, Reasoning

__all__ = [
    "Capability",
    "CatalogRevision",
    "Chain",
    "Dialect",
    "Endpoint",
    "EndpointKey",
    "Hop",
    "Model",
    "Multiplier",
    "Plan",
    "PlanVersion",
    "PriceKind",
    "PriceVersion",
    "Provider",
    "Rate",
    "Reasoning",
    "Scope",
    "Tier",
    "TokenClass",
]
