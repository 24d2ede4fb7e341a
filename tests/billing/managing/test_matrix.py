"""Tenancy over every route of the management API, found in the resolver: who is refused, how, and that nothing leaks.

T01: a route that this table does not know how to ask fails.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import keys, management_tokens, powers
from accounts.models import ApiKey, Invitation, ManagementToken, Member, Workspace
from billing.managing.door import Managed
from billing.managing.key_door import Keyed
from kernel import clock, ids
from tests.billing.managing.asking import Place, ask, furnished, furnished_for, token_of

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "patch", "delete")
MOST_QUERIES = 25
NOBODYS = dict.fromkeys(("<str:key_id>", "<str:invitation_id>", "<str:member_id>"), "999999999")
FILES = {".pdf": "application/pdf", ".html": "text/html; charset=utf-8", ".csv": "text/csv; charset=utf-8"}
BODIES: dict[str, Any] = {
    "get /api/workspace": None,
    "get /api/balance": None,
    "get /api/limits": None,
    "get /api/keys": None,
    "post /api/keys": {"name": "made", "limit": "1.50", "limit_reset": "daily"},
    "get /api/keys/<str:key_id>": None,
    "patch /api/keys/<str:key_id>": {"default_tag": "other"},
    "delete /api/keys/<str:key_id>": None,
    "post /api/keys/<str:key_id>/rotate": {},
    "get /api/usage": None,
    "get /api/ai/models": None,
    "get /api/ai/usage": None,
    "get /api/ai/usage/summary": None,
    "get /api/ai/credits": None,
    "get /api/requests": None,
    "get /api/requests/<str:request_id>": None,
    "get /api/ledger": None,
    "get /api/papers": None,
    "get /api/papers/<str:paper_id>.pdf": None,
    "get /api/papers/<str:paper_id>.html": None,
    "get /api/papers/<str:paper_id>.csv": None,
    "get /api/members": None,
    "patch /api/members/<str:member_id>": {"role": "viewer"},
    "delete /api/members/<str:member_id>": None,
    "get /api/invitations": None,
    "post /api/invitations": {"email": "new@example.com", "role": "viewer"},
    "delete /api/invitations/<str:invitation_id>": None,
}
"""How each route is asked so that it does what it is for."""


def views(resolver: URLResolver, before: str = "/") -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield path, getattr(each.callback, "cls", None)
        else:
            yield from views(each, path)


VIEWS = {
    path: view for path, view in views(get_resolver()) if path.startswith("/api/") and path != "/api/schema"
}
ROUTES = {
    f"{method} {path}": view
    for path, view in VIEWS.items()
    for method in METHODS
    if view is not None and hasattr(view, method)
}
NAMING = sorted(route for route in ROUTES if "<" in route)
CHANGING = sorted(route for route in ROUTES if not route.startswith("get "))


def asked(route: str, place: Place, secret: str | None, **headers: str) -> Any:
    method, path = route.split(" ")
    return ask(method.upper(), place.at(path), secret, BODIES[route], **headers)


def rows_of(place: Place) -> tuple[Any, ...]:
    """Return all that routes could change of a workspace."""
    number = place.workspace.pk
    found = ApiKey.objects.filter(workspace_id=number).order_by("pk")
    invited = Invitation.objects.filter(workspace_id=number).order_by("pk")
    people = Member.objects.filter(workspace_id=number).order_by("pk")
    facts = ("name", "default_tag", "digest", "revoked_at")
    return (
        [tuple(map(str, row)) for row in found.values_list("pk", *facts)],
        list(invited.values_list("pk", "ended_at", "number")),
        list(people.values_list("pk", "role")),
    )


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert set(answer.json()) == {"detail", "code"}
    assert answer["X-Error-Code"] == code
    assert answer["Cache-Control"] == "no-store"


def test_every_route_is_known_to_the_matrix_and_behind_the_door() -> None:
    assert sorted(BODIES) == sorted(ROUTES)
    assert all(issubclass(view, Managed) for view in VIEWS.values())
    assert all(
        set(view.powers) == {method for method in METHODS if hasattr(view, method)} for view in VIEWS.values()
    )


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_its_own_token_is_answered_with_few_queries(route: str) -> None:
    place = furnished_for(route)
    with CaptureQueriesContext(connection) as queries:
        answer = asked(route, place, place.secret)
    assert answer.status_code in (200, 201), answer.content
    assert answer["Content-Type"] == FILES.get(f".{route.rpartition('.')[2]}", "application/json")
    assert answer["Cache-Control"] == "no-store"
    assert {"Authorization", "X-API-Key", "Cookie"} <= set(answer["Vary"].split(", "))
    assert len(queries) <= MOST_QUERIES, len(queries)


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_whoever_has_no_good_token_is_refused_and_changes_nothing(route: str) -> None:
    place = furnished_for(route)
    _, key = keys.mint(place.workspace, name="inference")
    before = rows_of(place)
    ended, revoked = management_tokens.make(place.owner, name="ended", scope="write", expires_at=None)
    management_tokens.revoke(place.owner, ended)
    old, expired = management_tokens.make(place.owner, name="old", scope="write", expires_at=None)
    past = clock.now() - timedelta(days=2)
    ManagementToken.objects.filter(pk=old.pk).update(created_at=past, expires_at=past + timedelta(days=1))
    for secret in (None, "", revoked, expired, ids.mint_key("rkm"), "rkm_nonsense"):
        refused(asked(route, place, secret), 401, "AUTHENTICATION_ERROR")
    for answer in (asked(route, place, key), asked(route, place, None, **{"X-API-Key": key})):
        if issubclass(ROUTES[route], Keyed):
            assert answer.status_code == 200, answer.content
            continue
        refused(answer, 401, "AUTHENTICATION_ERROR")
        assert "rkm_" in answer.json()["detail"]
    assert rows_of(place) == before


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_a_token_of_a_suspended_workspace_is_refused(route: str) -> None:
    place = furnished_for(route)
    Workspace.objects.filter(pk=place.workspace.pk).update(status=Workspace.Status.SUSPENDED)
    refused(asked(route, place, place.secret), 403, "WORKSPACE_SUSPENDED")


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_another_workspaces_token_sees_and_changes_nothing(route: str) -> None:
    place, other = furnished_for(route), furnished()
    before = rows_of(place)
    answer = asked(route, place, other.secret)
    assert not [mark for mark in place.marks if mark in answer.content.decode()]
    assert rows_of(place) == before


@pytest.mark.parametrize("route", NAMING)
def test_what_is_anothers_is_as_what_never_was(route: str) -> None:
    place, other = furnished_for(route), furnished()
    method, path = route.split(" ")
    nowhere = path
    uuids = dict.fromkeys(("<str:request_id>", "<str:paper_id>"), str(ids.request_id()))
    for name, number in {**NOBODYS, **uuids}.items():
        nowhere = nowhere.replace(name, number)
    anothers = asked(route, place, other.secret)
    nobodys = ask(method.upper(), nowhere, other.secret, BODIES[route])
    malformed = ask(
        method.upper(), place.at(path).replace(str(place.key.pk), "x" * 30), other.secret, BODIES[route]
    )
    refused(anothers, 404, "NOT_FOUND")
    assert anothers.json() == nobodys.json()
    assert malformed.status_code == 404


@pytest.mark.parametrize("route", CHANGING)
def test_a_token_that_may_only_read_changes_nothing(route: str) -> None:
    place = furnished_for(route)
    secret = token_of(place, Member.Role.OWNER, scope="read")
    before = rows_of(place)
    refused(asked(route, place, secret), 403, "AUTHORIZATION_ERROR")
    assert rows_of(place) == before


@pytest.mark.parametrize("role", Member.Role.values)
def test_a_role_is_let_in_where_its_powers_say(role: str) -> None:
    place = furnished_for("member_id paper_id")
    secret = token_of(place, role)
    for route, view in ROUTES.items():
        answer = asked(route, place, secret)
        allowed = powers.may(role, view.powers[route.split(" ")[0]])
        assert (answer.status_code != 403) == allowed, (route, answer.content)


@pytest.mark.parametrize("path", sorted(VIEWS))
def test_a_parameter_that_is_not_read_and_a_method_that_is_not_there_are_refused(path: str) -> None:
    place = furnished_for(path)
    answer = ask("GET" if hasattr(VIEWS[path], "get") else "POST", f"{place.at(path)}?modle=x", place.secret)
    if hasattr(VIEWS[path], "get"):
        refused(answer, 400, "VALIDATION_ERROR")
        assert answer.json()["detail"].startswith("modle: ")
    answer = ask("PUT", place.at(path), place.secret)
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer["Allow"]


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/xml;q=0.9", "nonsense"])
def test_answers_are_json_whatever_a_caller_would_rather_have(accept: str) -> None:
    place = furnished()
    for secret, status in ((place.secret, 200), (None, 401)):
        answer = ask("GET", "/api/limits", secret, Accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")


def test_more_parameters_than_are_read_are_refused() -> None:
    answer = ask(
        "GET", "/api/usage?" + "&".join(f"tag={number}" for number in range(2000)), furnished().secret
    )
    refused(answer, 400, "VALIDATION_ERROR")
