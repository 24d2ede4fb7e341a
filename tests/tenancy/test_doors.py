"""T07 and T12 over every route of the site: what strangers are shown, and that one credential is no other."""

import pytest
from django.test import Client

from accounts import keys
from tests.tenancy.home import home
from tests.tenancy.routes import DASHBOARD, EVERY, filled

pytestmark = pytest.mark.django_db

OPEN = {
    *("/", "/livez", "/readyz", "/metrics", "/announcements", "/trust", "/trust.json", "/dashboard/theme"),
    *("/api/schema", "/auth/login", "/auth/refresh", "/auth/logout", "/webhooks/stripe"),
    *(
        "/catalog/models",
        "/catalog/models/<path:name>",
        "/models",
        "/status",
        "/terms",
        "/privacy",
        "/rankings",
    ),
    *("/docs/", "/docs/<slug:slug>", "/docs/<slug:slug>.md"),
    *("/llms.txt", "/llms-full.txt", "/.well-known/opencode"),
    "/invitations/<str:said>",
}
"""What anybody may ask for, the figures only from this machine. The rest answers nobody without a credential."""
NOWHERE = r"/^api(?:/[\s\S]*)?$"
REFUSED = (401, 403, 404, 405)


def told(client: Client, path: str, **headers: str) -> set[tuple[int, str]]:
    """Return status and target of a page, and of its form."""
    at = "/api/none" if path == NOWHERE else filled(path, "1")
    answers = [client.get(at, headers=headers), client.post(at, headers=headers)]
    return {(answer.status_code, answer.get("Location", "").split("?")[0]) for answer in answers}


def closed(found: set[tuple[int, str]]) -> bool:
    return all(status in REFUSED or (status, where) == (302, "/accounts/login/") for status, where in found)


def test_strangers_are_let_in_where_it_is_said_and_nowhere_else() -> None:
    assert {path for path in EVERY if not closed(told(Client(), path))} <= OPEN
    assert set(EVERY) >= OPEN


def test_keys_and_tokens_open_no_page() -> None:
    place = home().place
    _, key = keys.mint(place.workspace, name="for /v1")
    sent = {"Authorization": f"Bearer {key}"}, {"X-API-Key": key}, {"Authorization": f"Bearer {place.secret}"}
    pages = [path for path in DASHBOARD if path not in OPEN]
    opened = [path for path in pages for headers in sent if not closed(told(Client(), path, **headers))]
    assert opened == []


def test_a_session_opens_nothing_of_the_management_api() -> None:
    browser = home().browser
    routes = [path for path in EVERY if path.startswith("/api/") and path not in OPEN]
    assert [path for path in routes if not closed(told(browser, path))] == []
    assert len(routes) > 10
