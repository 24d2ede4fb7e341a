"""What customers call the classes of usage that are charged, on every page the same."""

from collections.abc import Mapping

__all__ = ["NAMES"]

NAMES: Mapping[str, str] = {
    "input": "Input",
    "cached": "Input, cached",
    "cache_write": "Cache write",
    "cache_write_1h": "Cache write, 1 h",
    "output": "Output",
    "reasoning": "Reasoning",
    "image_in": "Image in",
    "image_out": "Image out",
    "audio_in": "Audio in",
    "audio_out": "Audio out",
    "image": "Images",
    "web_search": "Web searches",
    "request": "Per request",
}
"""By the class's name in a price."""
