"""Which pages there are under /docs/, in the order they are read in, and where each is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

__all__ = ["SECTIONS", "Entry", "entries", "folder", "slug_of"]


@dataclass(frozen=True)
class Entry:
    """A page: its name in addresses, one sentence on what it tells, and its file beside or under `docs`."""

    slug: str
    summary: str
    file: str = ""

    @property
    def path(self) -> str:
        """The file, from the folder of documents."""
        return self.file or f"guide/{self.slug}.md"


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Start": (
        Entry("quickstart", "A key, a first request and what it cost, in two minutes."),
        Entry("authentication", "Keys, access tokens, and which workspace pays."),
    ),
    "Use": (
        Entry("chat", "Chat completions: models, length, thinking and tools."),
        Entry("routes", "One call of every route, in curl, Python and TypeScript."),
        Entry("streaming", "Pieces as they come, how a stream ends, and where its usage is told."),
        Entry("errors", "Every code, what it means, and whether to try again."),
        Entry("translation", "What changes between the three dialects, and what does not."),
        Entry(
            "hub", "Chat, code and sessions at the root, paid in credits, for clients of an inference hub."
        ),
        Entry("sandbox", "Models that answer the same every time, or fail the way you choose."),
    ),
    "Money and limits": (
        Entry("pricing", "How a charge is made, what your price is, and how to recompute one."),
        Entry("interruptions", "What is charged when an answer does not come to its end."),
        Entry("limits", "Windows, streams, credit that is held, and how to read what is left."),
    ),
    "Watch": (
        Entry("alerts", "Spend, forecast, limits, failures and balance, told by mail and signed webhooks."),
        Entry("webhooks", "The message, its signature, and how to verify it in Python and Node."),
        Entry("status", "How models and upstreams are, as a page, as JSON and beside every answer."),
        Entry("changelog", "What is new for those who call models and pay for them."),
    ),
    "Set up": (
        Entry("sdks", "OpenAI and Anthropic for Python and Node, AI SDK, LangChain, LiteLLM, llm, curl."),
        Entry("coding-agents", "Claude Code, Codex, opencode, aider, Continue and Cline."),
    ),
    "Reference": (
        Entry("api", "Every route, field, error and header of /v1.", "api.md"),
        Entry(
            "models", "What the routes about models and prices promise beyond their shape.", "models-api.md"
        ),
        Entry("usage", "What the routes about your own usage promise beyond their shape.", "usage-api.md"),
        Entry(
            "management",
            "Keys, usage, books and team for scripts, with management tokens.",
            "management-api.md",
        ),
        Entry("health", "How providers are measured, how exactly, and what is shown of it.", "health.md"),
    ),
}


def entries() -> Iterator[Entry]:
    """Return all pages in order."""
    for pages in SECTIONS.values():
        yield from pages


def folder() -> Path:
    """Return the folder of documents, which lies beside that of templates, in a checkout as in a wheel."""
    return Path(settings.TEMPLATES[0]["DIRS"][0]).parent / "docs"


def slug_of(file: str) -> str | None:
    """Return the page that a link to a file leads to; documents name each other by their files."""
    name = file.rpartition("/")[2]
    return next((entry.slug for entry in entries() if entry.path.rpartition("/")[2] == name), None)
