"""What opencode configures itself from: how it gets the key, where to call, and every chat model with its list price."""

from typing import Any

from catalog.quote import quote
from catalog.snapshot import Offer
from inference.shelf.visible import Listed, Shelf

__all__ = ["config"]

KEY = "TOLLWAY_API_KEY"
_KNOWN_KINDS = ("text", "audio", "image", "video", "pdf")
_PRICES = {
    "input": "input_per_million",
    "output": "output_per_million",
    "cache_read": "cached_input_per_million",
    "cache_write": "cache_write_per_million",
}


def config(shelf: Shelf, origin: str) -> dict[str, Any]:
    """Return the document of `opencode auth login ORIGIN`: its command prints the key, its config names the models."""
    return {
        "auth": {"command": ["sh", "-c", f'printf %s "${{{KEY}:?set it to your key first}}"'], "env": KEY},
        "config": {
            "$schema": "https://opencode.ai/config.json",
            "provider": {
                "tollway": {
                    "npm": "@ai-sdk/openai-compatible",
                    "name": "Tollway",
                    "options": {"baseURL": f"{origin}/v1", "apiKey": f"{{env:{KEY}}}"},
                    "models": {
                        each.offer.public_id: _model(each)
                        for each in shelf.all()
                        if each.offer.capability == "chat"
                    },
                }
            },
        },
    }


def _model(listed: Listed) -> dict[str, Any]:
    offer = listed.offer
    return {
        "id": offer.public_id,
        "name": offer.name,
        "temperature": "temperature" in offer.supported_parameters,
        "tool_call": "tools" in offer.supported_parameters,
        "reasoning": "reasoning" in offer.supported_parameters,
        "attachment": "image" in offer.input_modalities,
        "limit": {"context": offer.context_length, "output": offer.max_output_tokens},
        "modalities": _modalities(offer),
        "cost": _cost(listed),
    }


def _modalities(offer: Offer) -> dict[str, list[str]]:
    known = {"input": offer.input_modalities, "output": offer.output_modalities}
    return {side: [kind for kind in kinds if kind in _KNOWN_KINDS] for side, kinds in known.items()}


def _cost(listed: Listed) -> dict[str, float]:
    """Return USD per million tokens, which is how opencode counts; input and output it always needs."""
    prices = quote(listed.card, ()).prices
    known = {name: float(prices[field]) for name, field in _PRICES.items() if field in prices}
    return {"input": 0.0, "output": 0.0, **known}
