"""What customers call the classes of usage that are charged, on every page the same."""

from collections.abc import Mapping

__all__ = ["NAMES"]

NAMES: Mapping[str, str] = {
    "input": "Input",
    "cached": "Cached input",
    "cache_write": "Cache write",
    "cache_write_1h": "Cache write, 1 h",
    "output": "Output",
    "reasoning": "Reasoning",
    "image_in": "Image input",
    "image_out": "Image output",
    "audio_in": "Audio input",
    "audio_out": "Audio output",
    "image": "Images",
    "web_search": "Web searches",
    "request": "Request fee",
}
"""By the class's name in a price."""
