"""LiteLLM's proxy configuration made into a catalogue file, with everything that is not carried over named."""

from .converting import Converted, convert

__all__ = ["Converted", "convert"]
