"""The rows of the catalogue."""

from .key import EndpointKey
from .offer import Capability, Model, Tier
from .plan import Plan, PlanVersion
from .price import Multiplier, PriceKind, PriceVersion, Rate, Scope, TokenClass
from .proposal import Comparison, ListedModel, Proposal, Source
from .revision import CatalogRevision
from .route import Chain, Dialect, Endpoint, Hop, Provider, Reasoning

__all__ = [
    "Capability",
    "CatalogRevision",
    "Chain",
    "Comparison",
    "Dialect",
    "Endpoint",
    "EndpointKey",
    "Hop",
    "ListedModel",
    "Model",
    "Multiplier",
    "Plan",
    "PlanVersion",
    "PriceKind",
    "PriceVersion",
    "Proposal",
    "Provider",
    "Rate",
    "Reasoning",
    "Scope",
    "Source",
    "Tier",
    "TokenClass",
]
