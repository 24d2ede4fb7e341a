"""Follows the links of pages: which addresses they name, whether each is answered, and whether its anchor is there."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils.text import slugify

__all__ = ["Read", "Walk", "read"]

SITE = "http://testserver"
ALIKE = 2
"""How many addresses of one route are asked for: they differ in their rows alone. Of those with parameters, one for
each set of them; and what is narrowed down by two is not read any further."""
MOST = 2_000
URLS_OF_V1 = ("inference.urls", "inference.desk.urls")
_WRITTEN = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LED = {"a": ("href",), "link": ("href",), "script": ("src",), "img": ("src",), "iframe": ("src",), "use": ("href",)}  # fmt: skip
_READ = ("text/html", "text/markdown", "text/plain")
_BESIDE = ("hx-get",)


class Read(HTMLParser):
    """What a page leads to, and the anchors that it has; a form that asks leads where it goes as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self._form: tuple[str, dict[str, str]] | None = None
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what one tag says."""
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if said.get(name)}
        self.links += [said[name] for name in (*_LED.get(tag, ()), *_BESIDE) if name in said]
        if tag == "form":
            asks = said.get("method", "get").lower() == "get" and "action" in said
            self._form = (said["action"], {}) if asks else None
        elif self._form is not None:
            self._fill(self._form[1], tag, said)

    def handle_endtag(self, tag: str) -> None:
        """Keep a form at its end."""
        if tag == "form" and self._form is not None:
            action, fields = self._form
            self.links.append(f"{action}?{urlencode(fields)}" if fields else action)
            self._form = None

    def _fill(self, fields: dict[str, str], tag: str, said: dict[str, str]) -> None:
        if tag == "select":
            self._choice = said.get("name", "")
        elif tag == "option" and self._choice and (self._choice not in fields or "selected" in said):
            fields[self._choice] = said.get("value", "")
        elif tag == "input" and said.get("name") and said.get("type") not in ("checkbox", "radio", "submit"):
            fields[said["name"]] = said.get("value", "")


def read(kind: str, text: str) -> Read:
    """Read a page by its content type; Markdown and plain text have links as Markdown writes them."""
    found = Read()
    if kind in ("text/html", "image/svg+xml"):
        found.feed(text)
    elif kind in ("text/markdown", "text/plain"):
        found.links = _WRITTEN.findall(text)
        found.anchors = {slugify(heading) for heading in _HEADING.findall(text)}
    return found


class Walk:
    """One visitor's way through the site: what was asked for, what is broken, and what leads elsewhere."""

    def __init__(self, client: Client, *, alike: int = ALIKE, narrowed: bool = True) -> None:
        """Have a client walk; `narrowed` follows addresses with parameters too."""
        self._client, self._alike, self._narrowed = client, alike, narrowed
        self._pages: dict[str, Read] = {}
        self._asked: Counter[tuple[str, frozenset[str]]] = Counter()
        self.broken: list[str] = []
        self.elsewhere: set[str] = set()

    @property
    def pages(self) -> list[str]:
        """The addresses that were asked for."""
        return list(self._pages)

    def go(self, starts: Iterable[str], *, reads: Callable[[str], object]) -> None:
        """Follow every link from here on; other pages than it `reads` are asked for, and lead no further."""
        waiting = deque((start, "the start") for start in starts)
        while waiting:
            assert len(self._pages) < MOST, "there is no end to it"
            address, of = waiting.popleft()
            path, _, anchor = address.partition("#")
            if path not in self._pages:
                if not self._is_new(path, anchored=bool(anchor)):
                    continue
                self._pages[path] = self._ask(path, of)
                if reads(path) and len(_parameters(path)) < 2:
                    waiting.extend((each, path) for each in self._inner(path))
            if anchor and anchor not in self._pages[path].anchors:
                self.broken.append(f"{of}: {address} has no such place")

    def _inner(self, path: str) -> list[str]:
        """Return what a page leads to on this site, as addresses from its root."""
        found = []
        for link in self._pages[path].links:
            whole = urljoin(SITE + path, link.strip())
            parts = urlsplit(whole)
            if whole.startswith(SITE + "/"):
                found.append(whole.removeprefix(SITE))
            elif parts.scheme in ("http", "https"):
                self.elsewhere.add(whole)
            elif parts.scheme not in ("mailto", "data"):
                self.broken.append(f"{path}: {link} is no address")
        return list(dict.fromkeys(found))

    def _is_new(self, path: str, *, anchored: bool) -> bool:
        named = _parameters(path)
        kind = _route(urlsplit(path).path), named
        self._asked[kind] += 1
        if named and not self._narrowed:
            return False
        return anchored or self._asked[kind] <= (1 if named else self._alike)

    def _ask(self, path: str, of: str) -> Read:
        plain = urlsplit(path).path
        if plain.startswith("/static/"):
            return self._file(plain, of)
        if plain.startswith("/v1/"):
            if not _is_of_v1(plain):
                self.broken.append(f"{of}: {path} is no route")
            return Read()
        answer = self._client.get(path, follow=True)
        if answer.status_code >= 400:
            self.broken.append(f"{of}: {path} is answered {answer.status_code}")
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        return read(kind, answer.content.decode()) if kind in _READ else Read()

    def _file(self, path: str, of: str) -> Read:
        place = finders.find(path.removeprefix("/static/"))
        if place is None:
            self.broken.append(f"{of}: {path} is no file")
            return Read()
        return _drawn(str(place)) if path.endswith(".svg") else Read()


@cache
def _drawn(place: str) -> Read:
    with open(place) as file:
        return read("image/svg+xml", file.read())


def _route(path: str) -> str:
    try:
        found = resolve(path)
    except Resolver404:
        return path
    # One page of the guide is not like the other.
    return path if found.route.startswith("docs/") else found.route


def _parameters(path: str) -> frozenset[str]:
    return frozenset(name for name, _ in parse_qsl(urlsplit(path).query, keep_blank_values=True))


def _is_of_v1(path: str) -> bool:
    for urls in URLS_OF_V1:
        try:
            resolve(path, urls)
        except Resolver404:
            continue
        return True
    return False
