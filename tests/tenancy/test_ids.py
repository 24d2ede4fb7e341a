"""T01 over the dashboard: what another workspace's id names is as what never was, on every route that names something."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from kernel import ids
from tests.tenancy.home import Home, home, rows_of
from tests.tenancy.routes import NAMING, filled

pytestmark = pytest.mark.django_db

OF_EVERYBODY = {"/dashboard/models/<path:name>"}
"""What these name belongs to no workspace: the plan decides what is shown (tests/inference/showcase)."""
BEYOND = 10**25
ONCE = str(uuid4())


@dataclass(frozen=True)
class Asked:
    """Which id a route names, and what its form sends so that it does what it is for; None where it has no form."""

    names: Callable[[Home], object]
    sent: dict[str, Any] | None = field(default=None)


def key(of: Home) -> object:
    return of.place.key.pk


def member(of: Home) -> object:
    return of.other.pk


def invitation(of: Home) -> object:
    return of.place.invitation.pk


def paper(of: Home) -> object:
    return of.paper.pk


def alert(of: Home) -> object:
    return of.alert.pk


def endpoint(of: Home) -> object:
    return of.endpoint.pk


def delivery(of: Home) -> object:
    return of.delivery.pk


ROUTES = {
    "/dashboard/alerts/<int:number>/delete": Asked(alert, {}),
    "/dashboard/alerts/<int:number>/switch": Asked(alert, {}),
    "/dashboard/alerts/endpoints/<int:number>/delete": Asked(endpoint, {}),
    "/dashboard/alerts/endpoints/<int:number>/renew": Asked(endpoint, {"once": ONCE}),
    "/dashboard/alerts/endpoints/<int:number>/switch": Asked(endpoint, {}),
    "/dashboard/alerts/endpoints/<int:number>/test": Asked(endpoint, {}),
    "/dashboard/alerts/messages/<uuid:delivery>": Asked(delivery),
    "/dashboard/alerts/messages/<uuid:delivery>/again": Asked(delivery, {}),
    "/dashboard/credit/<uuid:topup>": Asked(lambda of: of.topup.pk),
    "/dashboard/keys/<int:number>": Asked(key, {"name": "renamed"}),
    "/dashboard/keys/<int:number>/revoke": Asked(key, {}),
    "/dashboard/keys/<int:number>/rotate": Asked(key, {"grace": "0", "once": ONCE}),
    "/dashboard/logs/<uuid:request_id>": Asked(lambda of: of.request),
    "/dashboard/papers/<uuid:paper>": Asked(paper),
    "/dashboard/papers/<uuid:paper>.csv": Asked(paper),
    "/dashboard/papers/<uuid:paper>.pdf": Asked(paper),
    "/dashboard/set-up/<int:number>/arrival": Asked(key),
    "/dashboard/team/invitations/<int:invitation>/again": Asked(invitation, {}),
    "/dashboard/team/invitations/<int:invitation>/revoke": Asked(invitation, {}),
    "/dashboard/team/members/<int:number>/owner": Asked(member, {}),
    "/dashboard/team/members/<int:number>/remove": Asked(member, {}),
    "/dashboard/team/members/<int:number>/role": Asked(member, {"role": "admin"}),
    "/dashboard/tokens/<int:number>/revoke": Asked(lambda of: of.place.token.pk, {}),
}


def asked(of: Home, method: str, path: str, sent: dict[str, Any] | None) -> Any:
    return of.browser.get(path) if method == "GET" else of.browser.post(path, sent or {})


def test_every_route_that_names_something_is_known_here() -> None:
    assert set(NAMING) == ROUTES.keys() | OF_EVERYBODY


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_ones_own_is_found_and_done(route: str) -> None:
    """What the next test asks for is there, and what it sends would do something."""
    mine, how = home(), ROUTES[route]
    path = filled(route, how.names(mine))
    assert asked(mine, "GET", path, None).status_code in (200, 405)
    before = rows_of(mine)
    answer = asked(mine, "POST", path, how.sent)
    assert answer.status_code == (405 if how.sent is None else answer.status_code)
    assert (rows_of(mine) != before) == (how.sent is not None)


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_what_is_anothers_is_as_what_never_was(route: str) -> None:
    theirs, stranger, how = home(), home(), ROUTES[route]
    stranger.browser.get("/dashboard/")
    before = rows_of(theirs)
    nobodys = [ids.request_id()] if "<uuid:" in route else [2**40, BEYOND]
    for method in ("GET", "POST"):
        paths = [filled(route, number) for number in (how.names(theirs), *nobodys)]
        answers = [asked(stranger, method, path, how.sent) for path in paths]
        assert {answer.status_code for answer in answers} in ({404}, {405})
        assert len({answer.content for answer in answers}) == 1
    assert rows_of(theirs) == before


def test_no_session_can_be_told_that_it_is_of_another_workspace() -> None:
    theirs, stranger = home(), home()
    before = rows_of(theirs)
    for route, how in ROUTES.items():
        choose(stranger, theirs.number)
        for method in ("GET", "POST"):
            answer = asked(stranger, method, filled(route, how.names(theirs)), how.sent)
            assert answer.status_code in (404, 405), route
    assert rows_of(theirs) == before


def choose(of: Home, number: int) -> None:
    """Write the number of a workspace into a session, as nothing of ours would."""
    session = of.browser.session
    session["workspace"] = number
    session.save()
