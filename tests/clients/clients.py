"""The published clients of the run: their names and versions, and how each is started."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.clients.runtimes import HERE, ROOT, Node, Python, Runtime

__all__ = ["CLIENTS", "Client"]


@dataclass(frozen=True)
class Client:
    """A published client: its package, and what runs its driver."""

    package: str
    runtime: Runtime

    @property
    def title(self) -> str:
        """The package with where it is from and the version that is pinned."""
        origin = "npm" if isinstance(self.runtime, Node) else "PyPI"
        return f"{self.package} {self._version} ({origin})"

    @property
    def _version(self) -> str:
        if isinstance(self.runtime, Node):
            packages = json.loads((HERE / "node" / "package-lock.json").read_text())["packages"]
            return str(packages[f"node_modules/{self.package}"]["version"])
        lock = (
            HERE / "locks" / f"{self.runtime.lock}.txt"
            if self.runtime.lock
            else ROOT / "requirements-dev.txt"
        )
        pin = re.search(rf"^{self.package}==(\S+)", lock.read_text(), re.MULTILINE)
        if pin is None:
            raise RuntimeError(f"{lock.name} pins no {self.package}")
        return pin[1]


CLIENTS: Mapping[str, Client] = {
    "openai-python": Client("openai", Python("openai_python")),
    "openai-python-1": Client("openai", Python("openai_python", lock="openai-1")),
    "anthropic-python": Client("anthropic", Python("anthropic_python")),
    "anthropic-python-0": Client("anthropic", Python("anthropic_python", lock="anthropic-0")),
    "langchain-openai": Client("langchain-openai", Python("langchain_python", lock="langchain-openai")),
    "litellm": Client("litellm", Python("litellm_python", lock="litellm")),
    "llm": Client("llm", Python("llm_python", lock="llm")),
    "openai-node": Client("openai", Node("openai.mjs")),
    "ai-sdk": Client("@ai-sdk/openai-compatible", Node("ai_sdk.mjs")),
    "anthropic-node": Client("@anthropic-ai/sdk", Node("anthropic.mjs")),
}
