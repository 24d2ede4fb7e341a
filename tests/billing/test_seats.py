"""Who is let onto the pages of a workspace: its members, onto those of money its payers, and nobody else."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern

from accounts.models import Member, User
from billing import seats, urls
from tests.accounts import rows

pytestmark = pytest.mark.django_db

OPEN = {"theme"}
FOR_MEMBERS = {"home", "credit", "plan"}
PAGES = {
    str(found.pattern): str(found.name)
    for found in urls.urlpatterns
    if isinstance(found, URLPattern) and str(found.pattern).startswith("dashboard/")
}
ROLES = [Member.Role.OWNER, Member.Role.ADMIN, Member.Role.BILLING, Member.Role.DEVELOPER, Member.Role.VIEWER]


def asked(person: User | None, pattern: str) -> tuple[int, str]:
    """Ask for a page by GET, by POST where only that is answered; return status and text."""
    client = Client()
    if person is not None:
        client.force_login(person)
    path = "/" + pattern.replace("<uuid:topup>", str(UUID(int=1))).replace("<uuid:paper>", str(UUID(int=1)))
    answer = client.get(path)
    answer = client.post(path) if answer.status_code == 405 else answer
    return answer.status_code, answer.get("Location", answer.content.decode() if not answer.streaming else "")


@pytest.mark.parametrize("pattern", [path for path, name in PAGES.items() if name not in OPEN])
def test_seats_are_asked_for_on_every_page(pattern: str) -> None:
    status, where = asked(None, pattern)
    assert (status, where.split("?")[0]) == (302, "/accounts/login/")
    status, text = asked(rows.person(), pattern)
    assert (status, "belong to no workspace" in text) == (200, True)


@pytest.mark.parametrize("role", ROLES)
def test_seats_of_those_who_pay_are_asked_for_wherever_money_is_told_or_moved(role: Member.Role) -> None:
    person = rows.person(rows.workspace(), role=role)
    closed = {name for path, name in PAGES.items() if "Not for your role" in asked(person, path)[1]}
    assert closed == (set() if role in seats.PAYERS else set(PAGES.values()) - FOR_MEMBERS - OPEN)


def test_seats_are_in_the_workspace_joined_first() -> None:
    first, second = rows.workspace(), rows.workspace()
    member = seats.seat(rows.person(first, second))
    assert member is not None
    assert member.workspace == first
    assert seats.seat(rows.person()) is None
