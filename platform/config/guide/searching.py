"""The search over the guide: the stretches of its pages that have every word that is asked for, best first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kernel import origin

from . import rendering, shelf, views
from .rendering import ORIGIN, Stretch

__all__ = ["LONGEST", "MOST_FOUND", "Found", "index", "search"]

LONGEST = 100
"""How many characters of a question are read."""
MOST_FOUND = 20
_MOST_WORDS = 8
_AROUND = 90  # characters on either side of the first word that is found
_WORD = re.compile(r"[^\s,;()\"'`]+")
_IN_TITLE, _IN_HEADING, _IN_WORDS, _AS_ASKED = 12, 6, 1, 24


@dataclass(frozen=True, slots=True)
class Found:
    """Where all words are: the page, the heading below which they stand, and the text around the first, as HTML."""

    title: str
    heading: str
    address: str
    extract: str
    weight: int


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """List all pages, or with ?q= where what it asks for is told."""
    asked = request.GET.get("q", "").strip()[:LONGEST]
    if not asked:
        return views.index(request)
    here = escape(origin.of(request))
    found = [replace(each, extract=mark_safe(each.extract.replace(ORIGIN, here))) for each in search(asked)]
    return render(request, "docs/found.html", {"asked": asked, "found": found})


def search(asked: str) -> list[Found]:
    """Return at most MOST_FOUND stretches that have every word.

    Words that stand together as they are asked for weigh most, then those in titles, in headings, in the text.
    """
    said = _WORD.findall(asked[:LONGEST])[:_MOST_WORDS]
    if not said:
        return []
    words, phrase = [_sought(re.escape(word)) for word in said], _sought(r"\W+".join(map(re.escape, said)))
    found = [
        each
        for entry in shelf.entries()
        for stretch in rendering.stretches(entry)
        if (each := _found(entry, stretch, words, phrase)) is not None
    ]
    return sorted(found, key=lambda each: -each.weight)[:MOST_FOUND]


def _sought(pattern: str) -> re.Pattern[str]:
    """Return what finds a word where it begins, in capitals or not; its end may be missing."""
    return re.compile("(?<![^\\W_])" + pattern, re.IGNORECASE)


def _found(
    entry: shelf.Entry, stretch: Stretch, words: Sequence[re.Pattern[str]], phrase: re.Pattern[str]
) -> Found | None:
    heading = stretch.heading
    top = heading.level == 1
    places = [(_IN_TITLE if top else _IN_HEADING, heading.text), (_IN_WORDS, stretch.words)]
    weights = [_weight(word, places) for word in words]
    if not all(weights):
        return None
    return Found(
        title=rendering.page(entry).title,
        heading="" if top else heading.text,
        address=f"/docs/{entry.slug}" + ("" if top else f"#{heading.anchor}"),
        extract=_extract(stretch.words, words, phrase),
        weight=sum(weights) + _AS_ASKED * (len(words) > 1 and any(phrase.search(text) for _, text in places)),
    )


def _weight(word: re.Pattern[str], places: Iterable[tuple[int, str]]) -> int:
    return sum(weight for weight, text in places if word.search(text))


def _extract(text: str, words: Sequence[re.Pattern[str]], phrase: re.Pattern[str]) -> str:
    """Return what stands around the words as they are asked for, or else the first of them, every word marked."""
    sought = re.compile("|".join(word.pattern for word in words), re.IGNORECASE)
    hit = phrase.search(text) or sought.search(text)
    at = hit.start() if hit else 0
    begin, end = max(0, at - _AROUND), min(len(text), at + _AROUND)
    begin = max(begin, text.find(" ", begin, at) + 1) if begin else 0
    end = end if end == len(text) else max(hit.end() if hit else 0, text.rfind(" ", at, end))
    shown, last = [], begin
    for each in sought.finditer(text, begin, end):
        shown += [escape(text[last : each.start()]), f"<mark>{escape(each[0])}</mark>"]
        last = each.end()
    shown.append(escape(text[last:end]))
    return mark_safe(f"{'…' if begin else ''}{''.join(shown)}{'…' if end < len(text) else ''}")
