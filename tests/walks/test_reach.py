"""Reach, over every route of the desk and every page of the dashboard: none shows a request that the plan does not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from billing.models import Refusal
from billing.refusals import minute_of
from kernel import clock
from tests.billing import rows
from tests.billing.test_refusals import request_at
from tests.fakes import exchange
from tests.fakes.cast import Customer, customer
from tests.fakes.gateway import Gateway
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")

SHOWS = {
    *("/v1/generation", "/v1/explain/charge", "/v1/explain/denial"),
    *(
        "/dashboard/",
        "/dashboard/papers/requests.csv",
        "/dashboard/logs",
        "/dashboard/logs/<uuid:request_id>",
    ),
}
"""Where single requests are shown. What is new here must take a reach (billing/reach.py)."""

ONE_REQUEST = "<uuid:request_id>"
"""Where the page of one request names it; pages of one other thing are not asked for."""

ASKED = {"/dashboard/logs": "range=30d", "/dashboard/logs/new": "range=30d&since=-~-"}
"""What else a page must be told, so that it shows all it can."""

CLOSED = {"/dashboard/workspace/new"}
"""Where sign-up is closed: nobody opens a workspace."""

ENDS_THINGS = {"/v1/user/key/revoke-all", "/v1/user/keys/revoke-all", "/v1/user/streams/kill"}
"""Where a body without a word ends what is running: none is sent there."""

NOT_MADE = {"/v1/route/simulate"}
"""Where only requests that are not made are asked about."""


@dataclass(frozen=True)
class Kept:
    """A request, and a refusal of the second after it; their ids and moments give them away wherever they are shown."""

    request: UUID
    refusal: UUID
    at: datetime

    @property
    def marks(self) -> tuple[bytes, ...]:
        moments = (f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in (self.at, self.at + SECOND))
        return tuple(mark.encode() for mark in (str(self.request), str(self.refusal), *moments))


SECOND = timedelta(seconds=1)


def customer_of(gateway: Gateway, *, days: int | None) -> Customer:
    """Save a customer whose plan shows requests for so many days, and wait until the gateway knows those terms."""
    who = customer(retention_days=days)
    gateway.knows(who.secret)
    return who


def kept(who: Customer, at: datetime) -> Kept:
    """Keep a request of a moment, and a refusal of the second after it."""
    made = Kept(request_at(at), request_at(at + SECOND), at)
    model, version = rows.price(input=500, output=500)
    minute = minute_of(made.request)
    facts = {"model_id": model, "price_version_id": version, "admitted_at": at, "minute_no": minute}
    rows.settle(who.workspace.pk, request_id=made.request, cost=7, **facts)
    nothing = dict.fromkeys(("cap", "used", "required", "available", "held"), 0)
    Refusal.objects.create(
        request_id=made.refusal,
        workspace_id=who.workspace.pk,
        minute_no=minute_of(made.refusal),
        api_key_id=who.key.pk,
        model="route/one",
        code="MINUTE_REQUEST_LIMIT_EXCEEDED",
        message="The limit is reached.",
        refused_at=at + SECOND,
        weight=1,
        **nothing,
    )
    return made


def paths(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """Yield the path of every route, as it is declared."""
    for each in resolver.url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield path
        else:
            yield from paths(each, path)


def routes(urls: str) -> list[str]:
    return sorted({path for path in paths(get_resolver(urls)) if "<" not in path.replace(ONE_REQUEST, "")})


DESK = [path for path in routes("inference.desk.urls") if path != "/v1/"]
PAGES = routes("billing.urls")


def asked_of_desk(
    gateway: Gateway, path: str, who: Customer, token: dict[str, str], one: Kept
) -> list[exchange.Told]:
    """Ask a route of the desk about one request, and about its refusal, in every way that routes take."""
    headers = {"X-API-Key": who.secret} if path == "/v1/key" else token
    told = []
    for number in (one.request, one.refusal):
        url = f"{gateway.base_url.removesuffix('/v1')}{path}?id={number}&days=90"
        told.append(exchange.ask("GET", url, headers=headers))
        if path not in ENDS_THINGS:
            told.append(exchange.ask("POST", url, {"request_id": str(number)}, headers=headers))
    return told


def seen_on_page(gateway: Gateway, path: str, user: User, one: Kept) -> list[exchange.Told]:
    """Open a page as one who looks for a request, and for its refusal: its month, where it is about months."""
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    query = ASKED.get(path, f"month={one.at:%Y-%m}")
    urls = {path.replace(ONE_REQUEST, str(number)) for number in (one.request, one.refusal)}
    site = gateway.base_url.removesuffix("/v1")
    return [exchange.ask("GET", f"{site}{url}?{query}", headers={"Cookie": cookie}) for url in sorted(urls)]


def answered(told: list[exchange.Told]) -> bool:
    """Tell whether a route answered; a page that takes only forms says so, and shows nothing."""
    return any(each.status < 400 for each in told) or {each.status for each in told} == {405}


def shows(told: list[exchange.Told], one: Kept) -> bool:
    return any(mark in each.body for each in told if each.status < 300 for mark in one.marks)


@pytest.mark.parametrize("days", [None, 3])
def test_is_kept_by_every_route_and_page(gateway: Gateway, days: int | None) -> None:
    who = customer_of(gateway, days=days)
    person = signed_in(who.workspace)
    for age, visible in ((timedelta(days=3), days is None), (timedelta(seconds=90), True)):
        one = kept(who, clock.now() - age)
        told = {path: asked_of_desk(gateway, path, who, person.bearer, one) for path in DESK}
        told |= {path: seen_on_page(gateway, path, person.user, one) for path in PAGES}
        assert {path for path in told if shows(told[path], one)} == (SHOWS if visible else set())
        # One that this does not know how to ask would hide what it shows. The export of a month out of reach is 404.
        unasked = {path for path in told if not answered(told[path])} - NOT_MADE
        assert unasked - CLOSED - (set() if visible else SHOWS) == set()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/generation?id={}", None),
        ("/explain/charge", {"request_id": "{}"}),
        ("/explain/denial", {"request_id": "{}"}),
    ],
)
def test_is_told_where_a_request_is_asked_for_that_is_too_old(
    gateway: Gateway, path: str, body: dict[str, str] | None
) -> None:
    who = customer_of(gateway, days=3)
    one = kept(who, clock.now() - timedelta(days=3))
    for asked in (one.request, one.refusal, request_at(one.at)):
        question = json.loads(json.dumps(body).replace("{}", str(asked)))
        method = "GET" if body is None else "POST"
        headers = {"X-API-Key": who.secret}
        told = exchange.ask(method, gateway.base_url + path.format(asked), question, headers=headers)
        assert told.refusal == (404, "NOT_FOUND")
        assert "Requests are shown for 3 UTC days on this plan." in told.body.decode()
