"""The examples in the pages for developers, as they are written there."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from config.guide import shelf
from config.guide.rendering import ORIGIN

__all__ = ["Example", "examples"]


@dataclass(frozen=True)
class Example:
    """A block of code: the page it is on, its number there, its language and name."""

    slug: str
    number: int
    language: str
    name: str
    code: str

    def __str__(self) -> str:
        return f"{self.slug}-{self.number}-{self.language}"

    def at(self, origin: str) -> str:
        """Return the code for a site at this address."""
        return self.code.replace(ORIGIN, origin)


def examples() -> Iterator[Example]:
    """Return all examples of the guide."""
    for entry in shelf.entries():
        if entry.path.startswith("guide/"):
            tokens = MarkdownIt().parse((shelf.folder() / entry.path).read_text())
            fences = [token for token in tokens if token.type == "fence"]
            for number, token in enumerate(fences, 1):
                language, _, name = token.info.strip().partition(" ")
                yield Example(entry.slug, number, language, name, token.content)
