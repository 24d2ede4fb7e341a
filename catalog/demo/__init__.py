"""A catalogue to begin with: plans, providers, models, chains and prices, every row editable afterwards."""

from .loading import load
from .wiring import Wired, seen, wire

__all__ = ["Wired", "load", "seen", "wire"]
