"""How a document becomes a page: headings that can be linked to, code that can be copied, no HTML of its own."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from . import shelf, tables

__all__ = [
    "BEGINNING",
    "KEY",
    "MODEL",
    "ORIGIN",
    "Heading",
    "Page",
    "Section",
    "Stretch",
    "page",
    "passage",
    "sections",
    "source",
    "stretches",
]

ORIGIN = "https://tollway.example"
"""What documents write for the address of the site."""
MODEL = "route/deepseek-v3.2"
"""What documents write for a model that can be called."""
KEY = "TOLLWAY_API_KEY"
"""The variable that holds the key in every example."""
BEGINNING = "rk_…"
"""What documents write for the key itself, where a client reads no variable."""

_OWN = (ORIGIN, "http://127.0.0.1:8000")
_NAMES = {
    "bash": "Shell",
    "console": "Terminal",
    "json": "JSON",
    "python": "Python",
    "text": "Text",
    "toml": "TOML",
    "typescript": "TypeScript",
    "yaml": "YAML",
}
_WORTH_A_LOOK = re.compile(r"https://tollway\.example(?:/v1)?|\$?\bTOLLWAY_API_KEY\b")
_DEEPEST = 3
_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A heading below the title, and how to link to it."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Page:
    """A page as it is shown, but for the address of the site and the model of its examples."""

    entry: shelf.Entry
    title: str
    body: str
    headings: tuple[Heading, ...]
    uses_key: bool

    def at(self, origin: str, *, model: str = MODEL) -> str:
        """Return the body for a site at this address, its examples calling this model."""
        return mark_safe(self.body.replace(ORIGIN, escapeHtml(origin)).replace(MODEL, escapeHtml(model)))


@dataclass(frozen=True)
class Section:
    """What stands below one heading of the second level, but for the address, the model and the key."""

    heading: Heading
    body: str

    def at(self, origin: str, *, model: str, beginning: str = BEGINNING) -> str:
        """Return the body for a site at this address, its examples calling this model with a key that begins so."""
        filled = self.body.replace(ORIGIN, escapeHtml(origin)).replace(MODEL, escapeHtml(model))
        return mark_safe(filled.replace(BEGINNING, escapeHtml(beginning)))


@dataclass(frozen=True)
class Stretch:
    """What stands below one heading, up to the next, as words."""

    heading: Heading
    words: str


@cache
def page(entry: shelf.Entry) -> Page:
    """Read and render a page. Raises OSError where its file is missing, ValueError where it has no title."""
    markdown, text = _markdown(), source(entry)
    tokens = markdown.parse(text)
    headings = _linked(tokens)
    if not headings or headings[0].level != 1:
        raise ValueError(f"{entry.path} must begin with a title")
    return Page(
        entry=entry,
        title=headings[0].text,
        body=str(markdown.renderer.render(tokens, markdown.options, {})),
        headings=tuple(each for each in headings[1:] if each.level in (2, 3)),
        uses_key=KEY in text,
    )


@cache
def sections(entry: shelf.Entry) -> tuple[Section, ...]:
    """Read a page and render what stands below each of its headings of the second level by itself."""
    markdown = _markdown()
    tokens = markdown.parse(source(entry))
    headings = iter([each for each in _linked(tokens) if each.level == 2])
    starts = [
        place for place, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"
    ]
    return tuple(
        # A heading is three tokens: its opening, its text, its end.
        Section(next(headings), str(markdown.renderer.render(tokens[start + 3 : end], markdown.options, {})))
        for start, end in itertools.pairwise([*starts, len(tokens)])
    )


@cache
def stretches(entry: shelf.Entry) -> tuple[Stretch, ...]:
    """Read a page as words, cut at its title and at its headings of the second and third level."""
    tokens = _markdown().parse(source(entry))
    headings = iter(_linked(tokens))
    found: list[tuple[Heading, list[str]]] = []
    own = -1
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = next(headings)
            if heading.level <= _DEEPEST:
                found.append((heading, []))
                own = place + 1  # the heading's text, which is no words below it
        elif token.type in ("inline", "fence", "code_block") and place != own:
            found[-1][1].append(_said(token) if token.type == "inline" else token.content)
    return tuple(Stretch(heading, " ".join(" ".join(words).split())) for heading, words in found)


def passage(text: str) -> str:
    """Return a text that is no page of the guide as a page's body; its links lead where they are written to lead."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    _linked(tokens, lead=_marked)
    return mark_safe(str(markdown.renderer.render(tokens, markdown.options, {})))


def source(entry: shelf.Entry) -> str:
    """Return the Markdown of a page, its tables filled in and one address for the site. Raises OSError."""
    text = tables.filled((shelf.folder() / entry.path).read_text())
    for own in _OWN:
        text = text.replace(own, ORIGIN)
    return text


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


def _marked(link: Token) -> None:
    link.attrSet("class", "link")


def _said(inline: Token) -> str:
    return "".join(
        child.content or " " for child in inline.children or () if not child.type.startswith("link")
    )


def _linked(tokens: Sequence[Token], *, lead: Callable[[Token], None] | None = None) -> list[Heading]:
    """Give every heading an id and return the headings; links between documents become links between pages."""
    found: list[Heading] = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or () if child.content)
            known = [each.anchor for each in found]
            anchor = slugify(text) or "section"
            if anchor in known:
                anchor += f"-{len(known)}"
            found.append(Heading(int(opening.tag[1]), text, anchor))
            opening.attrSet("id", anchor)
        for child in inline.children or ():
            if child.type == "link_open":
                (lead or _lead)(child)
    return found


def _lead(link: Token) -> None:
    target = str(link.attrGet("href") or "")
    file, _, anchor = target.partition("#")
    _marked(link)
    if "://" in target or target.startswith(("#", "/")):
        return
    slug = shelf.slug_of(file)
    if slug is None:
        raise ValueError(f"{target} leads to no page")
    link.attrSet("href", f"/docs/{slug}" + (f"#{anchor}" if anchor else ""))


class _Renderer(RendererHTML):
    """Writes code with its name and a button to copy it, and tables that scroll by themselves."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return a block of code; its info string is the language, then a name if the language does not say enough."""
        language, _, title = tokens[idx].info.strip().partition(" ")
        env["snippets"] = number = env.get("snippets", 0) + 1
        name = title.strip() or _NAMES.get(language, "Example")
        context = {
            "id": f"example-{number}",
            "name": name,
            "label": f"{name}, example {number}",
            "code": mark_safe(_coloured(tokens[idx].content.rstrip("\n"))),
        }
        return render_to_string("docs/snippet.html", context)

    code_block = fence

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the beginning of a table."""
        env["tables"] = number = env.get("tables", 0) + 1
        scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="Table {number}">'
        return scroll + '<table class="table">'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the end of a table."""
        return "</table></div>"


def _coloured(code: str) -> str:
    """Return code as HTML in which what the reader has to change stands out, and comments step back."""
    code = _COMMENT.sub(r'<span class="say">\g<0></span>', escapeHtml(code))
    return _WORTH_A_LOOK.sub(r'<span class="key">\g<0></span>', code)
