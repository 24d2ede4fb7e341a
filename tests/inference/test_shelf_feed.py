"""The feed of changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

from catalog.pricing import RateCard
from catalog.register import Ending
from catalog.timetable import Timetable, Version
from inference.shelf import feed
from inference.shelf.feed import MOST_CHANGES, changes, render
from inference.shelf.visible import Listed
from tests.inference.shelf_models import CARD, OFFER, START

LATER = START + timedelta(days=30)
NOW = START + timedelta(days=100)
DEARER = RateCard(2, {"input": ((0, 1_500_000), (200_000, 3_000_000)), "output": ((0, 4_000_000),)})


def listed(*cards: tuple[datetime, RateCard], created: datetime = START) -> Listed:
    """Return a model with these prices, newest first."""
    prices = Timetable(tuple(Version(card, since) for since, card in cards))
    offer = replace(OFFER, prices=prices, created=int(created.timestamp()))
    return Listed(offer, cards[0][1])


def test_tells_of_a_model_when_it_came_on_sale() -> None:
    (change,) = changes([listed((START, CARD))], [], moment=NOW)
    assert (change.kind, change.at, change.title) == ("added", START, "Added: One (route/one)")
    assert change.text == "The first.\ninput per million $1, output per million $4."


def test_dates_a_model_by_its_release_if_that_came_after_its_price() -> None:
    (change,) = changes([listed((START, CARD), created=LATER)], [], moment=NOW)
    assert change.at == LATER


def test_tells_of_a_change_of_price_what_was_and_what_is() -> None:
    newest, oldest = changes([listed((LATER, DEARER), (START, CARD))], [], moment=NOW)
    assert (newest.kind, newest.at, oldest.kind) == ("price changed", LATER, "added")
    assert newest.text == (
        "Before: input per million $1, output per million $4.\n"
        "Now: input per million $1.5, output per million $4; beyond 200000 prompt tokens input per million $3."
    )


def test_keeps_to_itself_what_is_no_change_or_not_yet() -> None:
    same = RateCard(2, dict(CARD.rates))
    model = listed((NOW + timedelta(days=1), DEARER), (LATER, same), (START, CARD))
    assert [change.kind for change in changes([model], [], moment=NOW)] == ["added"]


def test_tells_of_the_last_day_without_a_date_of_its_own() -> None:
    (change,) = changes([], [Ending("route/old", "Old", date(2026, 9, 1))], moment=NOW)
    assert (change.kind, change.title) == ("deprecated", "Deprecated: Old (route/old)")
    item = ElementTree.fromstring(render([change], site="http://x")).find("channel/item")
    assert item is not None
    assert item.findtext("description") == "Its last day is 2026-09-01."
    assert item.find("pubDate") is None


def test_has_the_newest_first_and_an_end() -> None:
    models = [
        listed((START + timedelta(hours=hour), CARD), created=START) for hour in range(MOST_CHANGES + 5)
    ]
    found = changes(models, [], moment=NOW)
    assert len(found) == MOST_CHANGES
    assert found[0].at == START + timedelta(hours=MOST_CHANGES + 4)
    assert [change.at for change in found] == sorted((change.at for change in found), reverse=True)


def test_is_valid_rss_whatever_names_hold() -> None:
    name = "<script>&\"']]>\x00\x0b\ufffe日本"
    offer = replace(OFFER, name=name, description=name)
    found = changes([Listed(offer, CARD)], [], moment=NOW)
    document = render(found, site="https://host.example")
    root = ElementTree.fromstring(document)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    channel = root.find("channel")
    assert channel is not None
    required = {word: channel.findtext(word) for word in ("title", "link", "description")}
    assert required["link"] == "https://host.example/catalog/models"
    assert all(required.values())
    item = channel.find("item")
    assert item is not None
    assert item.findtext("title") == "Added: <script>&\"']]>\ufffd\ufffd\ufffd日本 (route/one)"
    guid = item.find("guid")
    assert guid is not None
    assert (guid.text, guid.get("isPermaLink")) == ("route/one added", "false")
    assert parsedate_to_datetime(str(item.findtext("pubDate"))) == START.astimezone(UTC)
    assert channel.findtext("lastBuildDate") == item.findtext("pubDate")


def test_of_nothing_is_valid_too() -> None:
    channel = ElementTree.fromstring(render([], site="http://x")).find("channel")
    assert channel is not None
    assert channel.find("item") is None


def test_says_where_it_is() -> None:
    root = ElementTree.fromstring(render([], site="http://x"))
    link = root.find("channel/{http://www.w3.org/2005/Atom}link")
    assert link is not None
    assert (link.get("href"), link.get("type")) == ("http://x/v1/models.rss", feed.RSS[1].split(";")[0])
