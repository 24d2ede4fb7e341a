"""The guide as agents read it: each page as Markdown, the list of them, and all in one (llmstxt.org)."""

import re
from functools import cache

from . import rendering, shelf

__all__ = ["everything", "index", "page"]

_LINK = re.compile(r"\]\((?P<file>[\w./-]+\.md)(?P<anchor>#[\w-]+)?\)")
_ABOUT = f"""# Tollway

> A gateway to language models that speaks OpenAI's and Anthropic's dialects: point a client's base URL at {rendering.ORIGIN}/v1, \
give it a key that begins with `rk_`, and every request is routed over several providers, metered and explained to the last digit.

A request with a key: `curl {rendering.ORIGIN}/v1/chat/completions -H "Authorization: Bearer $TOLLWAY_API_KEY" -H "Content-Type: \
application/json" -d '{{"model": "{rendering.MODEL}", "messages": [{{"role": "user", "content": "Hello"}}]}}'`. Every answer says what it \
cost; a refusal names its code, and `x-should-retry` whether to try again.
"""
_FOR_PROGRAMS = (
    ("/v1/models", "Every model that can be called, with list prices; no key needed."),
    ("/v1/openapi.json", "OpenAPI 3.1 of every route of /v1."),
    ("/api/schema", "OpenAPI of the management API, which has tokens of its own."),
    ("/v1/models.rss", "What changed in the catalogue."),
    ("/.well-known/opencode", "What opencode configures itself from."),
    ("/llms-full.txt", "All of these pages in one."),
)


def page(entry: shelf.Entry, origin: str) -> str:
    """Return a page as Markdown for a site at this address; its links lead to other pages as Markdown."""
    return _page(entry).replace(rendering.ORIGIN, origin)


def index(origin: str) -> str:
    """Return the list of all pages, and of what programs read."""
    parts = [_ABOUT]
    for name, entries in shelf.SECTIONS.items():
        parts.append(f"## {name}\n\n" + "".join(_line(each) for each in entries))
    programs = "".join(f"- [{path}]({rendering.ORIGIN}{path}): {what}\n" for path, what in _FOR_PROGRAMS)
    parts.append(f"## For programs\n\n{programs}")
    return "\n".join(parts).replace(rendering.ORIGIN, origin)


def everything(origin: str) -> str:
    """Return all pages, one after the other."""
    return "\n---\n\n".join([_ABOUT, *(_page(each) for each in shelf.entries())]).replace(
        rendering.ORIGIN, origin
    )


def _line(entry: shelf.Entry) -> str:
    return f"- [{rendering.page(entry).title}]({rendering.ORIGIN}/docs/{entry.slug}.md): {entry.summary}\n"


@cache
def _page(entry: shelf.Entry) -> str:
    return _LINK.sub(_lead, rendering.source(entry))


def _lead(link: re.Match[str]) -> str:
    slug = shelf.slug_of(link["file"])
    return f"]({rendering.ORIGIN}/docs/{slug}.md{link['anchor'] or ''})" if slug else link[0]
