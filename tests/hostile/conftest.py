"""The stage of the faults, for those of them that are hostile."""

from tests.upstreams.conftest import stage

__all__ = ["stage"]
