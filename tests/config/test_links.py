"""No page leads to a place that is not there: for strangers, for an owner, and for operators in the admin."""

import re

import pytest
from django.test import Client

from accounts.models import User
from catalog import demo
from catalog.models import Model
from config import demo_people, navigation
from tests.config.links import Walk, read
from tests.fakes.cast import model
from tests.tenancy.home import home

pytestmark = pytest.mark.django_db
DISCOVERY = ("/llms.txt", "/llms-full.txt")
open_to_all = re.compile(
    r"/$|/(?:accounts|docs|catalog|status|trust|announcements|rankings|terms|privacy|llms)\b"
).match


@pytest.fixture(autouse=True)
def house() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    demo_people.ensure(None)
    if not Model.objects.filter(pk=1).exists():  # the one that rows of usage name
        model(("http://127.0.0.1:8099/v1", "chat"), pk=1)


def test_strangers_are_led_nowhere_wrong(client: Client) -> None:
    walk = Walk(client)
    walk.go(("/", "/docs/", "/catalog/models", "/status", *DISCOVERY), reads=open_to_all)
    assert walk.broken == []
    assert {"/docs/quickstart", "/docs/quickstart.md", "/catalog/models", "/trust"} <= set(walk.pages)
    assert {each for each in walk.elsewhere if not each.startswith("https://")} == set()


def test_owners_are_led_nowhere_wrong() -> None:
    walk = Walk(home().browser)
    walk.go(("/dashboard/",), reads=re.compile("/(?:dashboard|accounts)/").match)
    assert walk.broken == []
    assert {"/dashboard/keys", "/dashboard/logs", "/dashboard/papers", "/dashboard/team"} <= set(walk.pages)


def test_operators_are_led_nowhere_wrong(client: Client) -> None:
    home()
    client.force_login(User.objects.get(email=demo_people.OPERATOR))
    pages = {
        str(page.link) for places in navigation.GROUPS.values() for place in places for page in place.pages
    }
    # What lists look like in every way is timed by `make pages`; here one of each is enough.
    walk = Walk(client, alike=1, narrowed=False)
    walk.go(["/admin/", *sorted(pages)], reads=pages.__contains__)
    assert walk.broken == []
    assert pages <= set(walk.pages)


def test_what_is_broken_is_found(client: Client) -> None:
    page = (
        '<a href="/docs/none">x</a><a href="/docs/errors#none">x</a><script src="/static/none.js"></script>'
    )
    page += '<a href="/v1/none/of/it">x</a><a href="javascript:x">x</a><form action="/trust/none"></form>'
    walk = Walk(client)
    walk._pages["/"] = read("text/html", page)
    walk.go(walk._inner("/"), reads=set[str]().__contains__)
    assert len(walk.broken) == 6, walk.broken
