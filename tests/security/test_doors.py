"""S03, S06, S29 and S30 over every page: its headers, its forms, the host it is asked at, and where it leads."""

import re
import secrets
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.accounts.rows import PASSWORD, person
from tests.security import corpora
from tests.tenancy.home import home, rows_of
from tests.tenancy.routes import EVERY, PLAIN
from tests.tenancy.test_forms import FORMS

pytestmark = pytest.mark.django_db

PEOPLES = [
    path for path in EVERY if path not in ("/metrics",) and "<" not in path and not path.startswith("/api")
]
ADMINS = ("admin:index", "admin:accounts_workspace_changelist", "admin:billing_account_changelist")
PLACES = corpora.lines("places")
LOCAL = re.compile(r"/(?![/\\])[\x21-\x7e]*\Z")


def visitor(**given: Any) -> Client:
    """Return a browser at an address of its own: tries are counted by address."""
    return Client(REMOTE_ADDR=f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1", **given)


def is_a_page(answer: Any) -> bool:
    return bool(answer.get("Content-Type", "").startswith("text/html"))


def lacking(answer: Any, *, strict: bool = True) -> list[str]:
    """Return the headers that a page lacks."""
    policy = answer.get("Content-Security-Policy", "")
    wanted = {
        "X-Frame-Options": answer.get("X-Frame-Options") == "DENY",
        "X-Content-Type-Options": answer.get("X-Content-Type-Options") == "nosniff",
        "Referrer-Policy": answer.get("Referrer-Policy") == "same-origin",
        "default-src": "default-src 'none'" in policy,
        "frame-ancestors": "frame-ancestors 'none'" in policy,
        "base-uri": "base-uri 'none'" in policy,
        "other places": not re.search(
            r"(?:https?:|\*|data:)[^;]*", re.sub(r"(?:img-src|form-action)[^;]*", "", policy)
        ),
        "inline and eval": not strict or "unsafe" not in policy,
    }
    return [name for name, held in wanted.items() if not held]


def test_every_page_of_customers_has_the_strict_policy_and_its_headers() -> None:
    browsers, seen = (home().browser, Client()), set()
    for path in PEOPLES:
        for browser in browsers:
            answer = browser.get(path)
            if is_a_page(answer):
                seen.add(path)
                assert lacking(answer) == [], path
    assert len(seen) > 25


@pytest.mark.parametrize(("path", "status"), [("/none", 404), ("/dashboard/keys/none", 404)])
def test_pages_of_errors_have_them_too(path: str, status: int) -> None:
    answer = home().browser.get(path)
    assert (answer.status_code, lacking(answer)) == (status, [])


def test_operators_pages_let_no_other_host_in(operator: Client) -> None:
    for name in ADMINS:
        answer = operator.get(reverse(name))
        assert (answer.status_code, lacking(answer, strict=False)) == (200, []), name


def test_cookies_that_sign_in_are_kept_from_scripts_and_other_sites() -> None:
    who, browser = person(), visitor()
    EmailAddress.objects.create(user=who, email=who.email, verified=True, primary=True)
    browser.post("/accounts/login/", {"login": who.email, "password": PASSWORD})
    cookie = browser.cookies["sessionid"]
    assert (bool(cookie["httponly"]), cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


def test_no_form_is_taken_without_the_token_of_its_page() -> None:
    mine = home()
    before = rows_of(mine)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(mine.place.owner.user)
    refused = {path: browser.post(path, sent(mine)).status_code for path, sent in FORMS.items()}
    assert {path: status for path, status in refused.items() if status != 403} == {}
    elsewhere = {"Origin": "https://evil.example"}
    foreign = {
        path: browser.post(path, sent(mine), headers=elsewhere).status_code for path, sent in FORMS.items()
    }
    assert set(foreign.values()) == {403}
    assert rows_of(mine) == before
    assert len(FORMS) > 15


@pytest.mark.parametrize("name", ["admin:accounts_user_add", "admin:catalog_provider_add", "admin:logout"])
def test_no_form_of_operators_is_either(operator: Client, name: str) -> None:
    operator.handler.enforce_csrf_checks = True
    assert operator.post(reverse(name), {}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/logout/", "/accounts/email/"]
)
def test_no_form_of_accounts_is_either(path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, {}).status_code == 403


@pytest.mark.parametrize("host", corpora.lines("hosts"))
def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    who = person()
    asked = visitor(HTTP_HOST=host).post("/accounts/password/reset/", {"email": who.email})
    assert asked.status_code == 400
    assert visitor(HTTP_HOST=host).get("/dashboard/").status_code == 400
    assert mail.outbox == []


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL", "Forwarded"],
)
def test_a_header_says_nothing_about_our_host(header: str) -> None:
    who = person()
    EmailAddress.objects.create(user=who, email=who.email, verified=True, primary=True)
    said = "for=1.2.3.4;host=evil.example" if header == "Forwarded" else "evil.example"
    visitor().post("/accounts/password/reset/", {"email": who.email}, headers={header: said})
    [letter] = mail.outbox
    assert "http://testserver/" in str(letter.body)
    assert "evil.example" not in str(letter.body)
    assert visitor().get("/docs/", headers={header: said}).status_code == 200


@pytest.mark.parametrize("wanted", PLACES, ids=[f"{number:02}" for number, _ in enumerate(PLACES)])
def test_signing_in_and_out_leads_nowhere_else(wanted: str) -> None:
    who = person()
    EmailAddress.objects.create(user=who, email=who.email, verified=True, primary=True)
    browser = visitor()
    entered = {"login": who.email, "password": PASSWORD, "next": wanted}
    answers = [browser.post("/accounts/login/", entered)]
    answers.append(browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": wanted}))
    answers.append(
        browser.post(
            "/dashboard/theme", {"theme": "dark", "next": wanted}, headers={"Referer": wanted.strip()}
        )
    )
    answers.append(browser.post("/accounts/logout/", {"next": wanted}))
    assert [answer.status_code for answer in answers] == [302] * 4
    assert [answer["Location"] for answer in answers if not LOCAL.match(answer["Location"])] == []


def test_every_page_that_leads_on_stays_here() -> None:
    browser = home().browser
    asked = [
        f"{path}?next={place}"
        for path in (*PLAIN, "/accounts/login/")
        for place in ("//evil.example", "https://evil.example")
    ]
    leading = [browser.get(address).get("Location", "/") for address in asked]
    assert [where for where in leading if not LOCAL.match(where)] == []
