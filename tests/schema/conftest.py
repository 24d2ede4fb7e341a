"""The gateway and the sandbox of the walks, for a tool that walks everywhere."""

from tests.walks.conftest import gateway, sandbox

__all__ = ["gateway", "sandbox"]
