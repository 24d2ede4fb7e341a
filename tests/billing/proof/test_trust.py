"""The page of trust among the others: where it leads, and where it is found."""

import re

import pytest
from django.test import Client

from tests.billing import rows
from tests.billing.test_views import Plain, signed_in

pytestmark = pytest.mark.django_db


def links(client: Client, path: str) -> set[str]:
    return set(re.findall(r'<a [^>]*href="([^"]+)"', client.get(path).content.decode()))


@pytest.mark.parametrize("path", ["/trust", "/docs/", "/docs/errors"])
def test_trust_is_one_step_from_every_public_page_as_are_docs_and_the_way_in(path: str) -> None:
    assert {"/docs/", "/trust", f"/accounts/login/?next={path}"} <= links(Client(), path)
    assert {"/docs/", "/trust", "/dashboard/"} <= links(signed_in(rows.workspace()), path)


def test_trust_and_docs_are_found_before_signing_in_and_docs_after() -> None:
    assert {"/docs/", "/trust"} <= links(Client(), "/accounts/login/")
    assert "/docs/" in links(signed_in(rows.workspace()), "/dashboard/")


def test_trust_says_which_page_one_is_on() -> None:
    page = Client().get("/trust").content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == ["/trust"]


def test_trust_needs_nothing_that_a_strict_policy_refuses() -> None:
    page = Plain()
    page.feed(Client().get("/trust").content.decode())
    assert page.refused == []
