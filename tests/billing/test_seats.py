"""Who is let onto the pages of a workspace: members, by what their role may do, and nobody else."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern
from django.urls.converters import IntConverter, StringConverter, UUIDConverter

from accounts import powers
from accounts.models import Member, User, Workspace
from accounts.powers import Power
from billing import seats, urls
from tests.accounts import rows

pytestmark = pytest.mark.django_db

OPEN = {"theme", "workspace_new"}  # of the browser; of people without a workspace
REFUSED = "Not for your role"
ARGUMENTS = {IntConverter: "1", StringConverter: "x", UUIDConverter: str(UUID(int=1))}


def pages() -> Iterator[tuple[str, str, Power | None]]:
    """Yield each page below /dashboard/: its name, an address of it, and the power that it says it needs."""
    for found in urls.urlpatterns:
        if isinstance(found, URLPattern) and str(found.pattern).startswith("dashboard/"):
            path = str(found.pattern)
            for name, converter in found.pattern.converters.items():
                path = path.replace(f"<{_kind(converter)}:{name}>", ARGUMENTS[type(converter)])
            yield str(found.name), f"/{path}", getattr(found.callback, "needs", None)


def _kind(converter: object) -> str:
    return {IntConverter: "int", StringConverter: "str", UUIDConverter: "uuid"}[type(converter)]


PAGES = {name: (path, needs) for name, path, needs in pages() if name not in OPEN}


def asked(person: User | None, path: str) -> tuple[int, str]:
    """Ask for a page by GET, by POST where only that is answered; return status and text."""
    client = Client()
    if person is not None:
        client.force_login(person)
    answer = client.get(path)
    answer = client.post(path) if answer.status_code == 405 else answer
    return answer.status_code, answer.get("Location", answer.content.decode() if not answer.streaming else "")


def test_seats_every_page_says_which_power_it_needs() -> None:
    assert [name for name, (_, needs) in PAGES.items() if needs is None] == []


def test_seats_are_asked_for_on_every_page() -> None:
    nobody = rows.person()
    for name, (path, _) in PAGES.items():
        status, where = asked(None, path)
        assert (name, status, where.split("?")[0]) == (name, 302, "/accounts/login/")
        status, text = asked(nobody, path)
        assert (name, status, "belong to no workspace" in text) == (name, 200, True)


@pytest.mark.parametrize("role", Member.Role.values)
def test_seats_let_each_role_do_what_it_may_and_nothing_else(role: str) -> None:
    """T09: every page and every mutation, by every role."""
    person = rows.person(rows.workspace(), role=role)
    closed = {name for name, (path, _) in PAGES.items() if REFUSED in asked(person, path)[1]}
    assert closed == {name for name, (_, needs) in PAGES.items() if needs and not powers.may(role, needs)}


@pytest.mark.parametrize("role", Member.Role.values)
def test_seats_refuse_posts_as_they_refuse_pages(role: str) -> None:
    client = Client()
    client.force_login(rows.person(rows.workspace(), role=role))
    let_in = {
        name
        for name, (path, needs) in PAGES.items()
        if needs and not powers.may(role, needs) and client.post(path).status_code not in (403, 405)
    }
    assert let_in == set()


def test_seats_are_in_the_workspace_joined_first_until_another_is_chosen() -> None:
    first, second = rows.workspace(), rows.workspace()
    person = rows.person(first, second)
    assert [seat.workspace for seat in seats.seats(person)] == [first, second]
    assert _of(seats.seat(person)) == first
    assert _of(seats.seat(person, second.pk)) == second
    assert _of(seats.seat(person, rows.workspace().pk)) == first
    assert seats.seat(rows.person()) is None


def test_seats_are_none_in_a_closed_workspace() -> None:
    place = rows.workspace()
    person = rows.person(place)
    Workspace.objects.filter(pk=place.pk).update(status=Workspace.Status.CLOSED)
    assert seats.seat(person) is None


def test_seats_are_found_by_one_query_however_many_there_are(django_assert_num_queries: object) -> None:
    person = rows.person(*(rows.workspace() for _ in range(3)))
    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's
        assert len(seats.seats(person)) == 3


def _of(member: Member | None) -> Workspace:
    assert member is not None
    return member.workspace
