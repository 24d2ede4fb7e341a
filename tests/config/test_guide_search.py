"""The search of the guide: what is found, in which order, where it leads, and what is done with odd questions."""

import re
from html import unescape

import pytest
from django.test import Client

from config.guide import rendering, searching, shelf

pytestmark = pytest.mark.django_db


def anchors(slug: str) -> set[str]:
    entry = next(entry for entry in shelf.entries() if entry.slug == slug)
    return set(re.findall(r'<h\d id="([^"]+)"', rendering.page(entry).body))


def test_a_title_comes_before_a_heading_and_that_before_words() -> None:
    found = searching.search("webhooks")
    assert (found[0].title, found[0].heading, found[0].address) == ("Webhooks", "", "/docs/webhooks")
    weights = [each.weight for each in found]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("asked", ["CREDITS_HELD", "credits_held", "half up", "webhook-signature", "retry"])
def test_what_is_found_has_every_word_and_leads_to_its_heading(asked: str) -> None:
    found = searching.search(asked)
    assert found
    for each in found:
        slug, _, anchor = each.address.removeprefix("/docs/").partition("#")
        assert not anchor or anchor in anchors(slug)
        assert "<mark>" in each.extract or any(
            word in f"{each.title} {each.heading}".casefold() for word in asked.casefold().split()
        )


def test_words_that_stand_together_as_asked_come_first_and_are_what_is_shown() -> None:
    first = searching.search("half up")[0]
    assert "<mark>half</mark> <mark>up</mark>" in first.extract


def test_what_is_shown_begins_and_ends_with_a_whole_word() -> None:
    known = {
        word
        for entry in shelf.entries()
        for each in rendering.stretches(entry)
        for word in each.words.split()
    }
    for each in searching.search("charge"):
        said = unescape(re.sub("</?mark>", "", each.extract)).strip("…").split()
        assert {said[0], said[-1]} <= known


def test_words_are_found_where_they_begin() -> None:
    assert not [each for each in searching.search("roups") if "groups" in each.extract.lower()]
    assert searching.search("group")


@pytest.mark.parametrize("asked", ["", "   ", "()", "qwertzuiop", "credits qwertzuiop"])
def test_nothing_is_found_for_what_is_nowhere(asked: str) -> None:
    assert searching.search(asked) == []


def test_a_question_is_bounded_in_length_and_in_what_it_finds() -> None:
    assert len(searching.search("a")) == searching.MOST_FOUND
    assert searching.search("(" * 10_000 + "key") == []
    assert searching.search("the " * 1000)


def test_html_of_a_page_and_of_a_question_stays_text() -> None:
    page = Client().get("/docs/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "Nothing has" in page
    assert "<script>alert" not in page
    for each in searching.search("json"):
        assert re.findall(r"<(?!/?mark>)", each.extract) == []


def test_the_page_shows_what_was_asked_and_where_it_is_told() -> None:
    page = Client().get("/docs/", {"q": "half up"}).content.decode()
    assert 'value="half up"' in page
    assert 'href="/docs/pricing' in page
    assert "<mark>half</mark>" in page
    assert "tollway.example" not in Client().get("/docs/", {"q": "curl"}).content.decode()


def test_the_list_and_every_page_have_the_form() -> None:
    for path in ("/docs/", "/docs/?q=", "/docs/errors"):
        page = Client().get(path).content.decode()
        assert 'name="q"' in page
        assert "Search the docs" in page
    assert "Documentation</h1>" in Client().get("/docs/?q=").content.decode()


def test_it_is_kept_by_nobody_and_takes_nothing() -> None:
    assert "no-store" in Client().get("/docs/", {"q": "key"})["Cache-Control"]
    assert Client().post("/docs/", {"q": "key"}).status_code == 405
