"""What changed on the shelf, as RSS 2.0: models added, prices changed, models that leave."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import format_datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from catalog.pricing import RateCard
from catalog.quote import quote
from catalog.register import Ending

from .visible import Listed

__all__ = ["RSS", "Change", "changes", "render"]

RSS = ("Content-Type", "application/rss+xml; charset=utf-8")
MOST_CHANGES = 100
_ATOM = "http://www.w3.org/2005/Atom"
# Everything that XML 1.0 has no way to write, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `known` is False where only the day it takes effect is known, not when it was announced."""

    guid: str
    title: str
    text: str
    kind: str
    at: datetime
    known: bool = True


def changes(models: list[Listed], endings: list[Ending], *, moment: datetime) -> list[Change]:
    """Return the newest changes up to a moment, newest first."""
    found = [change for listed in models for change in _of_model(listed, moment)]
    found += [_leaves(ending) for ending in endings]
    return sorted(found, key=lambda change: (change.at, change.guid), reverse=True)[:MOST_CHANGES]


def render(found: list[Change], *, site: str) -> bytes:
    """Return changes as an RSS document; `site` is the address of this host, without a slash at its end."""
    ElementTree.register_namespace("atom", _ATOM)
    rss = Element("rss", version="2.0")
    channel = SubElement(rss, "channel")
    _add(channel, "title", "Tollway models")
    _add(channel, "link", f"{site}/catalog/models")
    _add(channel, "description", "Models added, prices changed and models that leave.")
    SubElement(
        channel, f"{{{_ATOM}}}link", href=f"{site}/v1/models.rss", rel="self", type="application/rss+xml"
    )
    dated = [change.at for change in found if change.known]
    if dated:
        _add(channel, "lastBuildDate", format_datetime(max(dated), usegmt=True))
    for change in found:
        item = SubElement(channel, "item")
        _add(item, "title", change.title)
        _add(item, "description", change.text)
        _add(item, "category", change.kind)
        SubElement(item, "guid", isPermaLink="false").text = _writable(change.guid)
        if change.known:
            _add(item, "pubDate", format_datetime(change.at, usegmt=True))
    return bytes(ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True))


def _of_model(listed: Listed, moment: datetime) -> Iterator[Change]:
    """Give the addition of a model and the changes of its price; a price that begins later is not told before."""
    offer = listed.offer
    past = [(since, card) for since, card in reversed(offer.cards) if since <= moment]
    first, card = past[0]
    label = f"{offer.name} ({offer.public_id})"
    yield Change(
        guid=f"{offer.public_id} added",
        title=f"Added: {label}",
        text=f"{offer.description}\n{_prices(card)}".strip(),
        kind="added",
        at=max(first, datetime.fromtimestamp(offer.created, UTC)),
    )
    for (_, before), (since, after) in itertools.pairwise(past):
        if before.rates != after.rates:
            yield Change(
                guid=f"{offer.public_id} price {after.version_id}",
                title=f"Price changed: {label}",
                text=f"Before: {_prices(before)}\nNow: {_prices(after)}",
                kind="price changed",
                at=since,
            )


def _leaves(ending: Ending) -> Change:
    return Change(
        guid=f"{ending.public_id} deprecated {ending.on.isoformat()}",
        title=f"Deprecated: {ending.name} ({ending.public_id})",
        text=f"Its last day is {ending.on.isoformat()}.",
        kind="deprecated",
        at=datetime.combine(ending.on, time(), UTC),
        known=False,
    )


def _prices(card: RateCard) -> str:
    quoted = quote(card, ())
    parts = [_words(quoted.prices)]
    parts += [f"beyond {step.min_prompt_tokens} prompt tokens {_words(step.prices)}" for step in quoted.steps]
    return "; ".join(parts) + "."


def _words(prices: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} ${usd}" for name, usd in prices.items())


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _writable(text)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
