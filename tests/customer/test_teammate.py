"""A developer joins by the link in a mail: money is neither in their navigation nor at any address, the rest works."""

import re
import secrets

import pytest
from playwright.sync_api import Browser, expect

from accounts import powers
from accounts.models import Member
from accounts.powers import Power
from tests.customer.town import Town, Walker, workspace_of
from tests.fakes import cast
from tests.operator.stories.place import apart, customers_session
from tests.tenancy.home import home

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

MONEY = ("Credit", "Papers")
REST = ("Home", "Activity", "Logs", "Keys", "Models", "Playground", "Set-up", "Plan", "Team")
CLOSED = (
    *("/dashboard/credit", "/dashboard/voucher", "/dashboard/papers", "/dashboard/papers/details"),
    *("/dashboard/papers/requests.csv?month=2026-11", "/dashboard/team/changes", "/dashboard/tokens"),
)


def test_a_developer_comes_in_by_mail_and_sees_no_money(browser: Browser, town: Town) -> None:
    at_work = apart(cast.customer)
    owner = town.walker(browser, sessionid=apart(lambda: customers_session(at_work.workspace)))
    email = f"{secrets.token_hex(6)}@northwind.example"
    invite(owner, email)
    guest = town.walker(browser)
    join(guest, email, at_work.workspace.name)

    assert apart(lambda: workspace_of(email)) == at_work.workspace
    for name in MONEY:
        expect(guest.page.get_by_role("link", name=name, exact=True)).to_have_count(0)
        expect(owner.page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    refused(guest)
    work(guest, at_work.workspace.name)
    assert (guest.complaints, owner.complaints) == ([], [])


def test_no_page_that_needs_the_power_to_pay_lets_a_developer_in(browser: Browser, town: Town) -> None:
    """A paper and a payment that are there, each by its address."""
    place = apart(home)
    assert not powers.may(Member.Role.DEVELOPER, Power.PAY)
    developer = apart(lambda: session_of(place.other))
    guest = town.walker(browser, sessionid=developer)
    for path in (f"papers/{place.paper.pk}", f"credit/{place.topup.pk}"):
        assert guest.goes(f"/dashboard/{path}") == 403
        assert "Not for your role" in guest.says()


def session_of(member: Member) -> str:
    from django.test import Client

    client = Client()
    client.force_login(member.user)
    return client.cookies["sessionid"].value


def invite(owner: Walker, email: str) -> None:
    assert owner.goes("/dashboard/team") == 200
    owner.page.get_by_label("E-mail").fill(email)
    owner.page.locator("#id_role").select_option("developer")
    owner.page.get_by_role("button", name="Invite").click()
    expect(owner.page.get_by_text(f"A mail is on its way to {email}")).to_be_visible()


def join(guest: Walker, email: str, workspace: str) -> None:
    """Follow the link in the mail, make an account with the address, and join."""
    link = re.search(r"http://\S+/invitations/\S+", guest.town.letter(email))
    assert link is not None
    guest.page.goto(link[0])
    expect(guest.page.get_by_role("heading", level=1)).to_have_text(f"Join {workspace}")
    guest.page.get_by_role("link", name="Make an account").click()
    guest.signs_up(email)
    guest.page.get_by_role("button", name="Join as developer").click()
    expect(guest.page.get_by_text(f"You belong to {workspace} now, as developer.")).to_be_visible()


def refused(guest: Walker) -> None:
    for path in CLOSED:
        assert guest.goes(path) == 403, path
        assert "Not for your role" in guest.says()


def work(guest: Walker, workspace: str) -> None:
    """Open every page that is left, make a key and use it."""
    for name in REST:
        guest.follows(name)
        expect(guest.page.get_by_role("heading", level=1)).to_be_visible()
        guest.page.wait_for_load_state()
        assert "Not for your role" not in guest.says()
    guest.follows("Keys")
    guest.page.get_by_role("link", name="New key").click()
    guest.page.get_by_label("Name").fill("mine")
    guest.page.get_by_role("button", name="Make the key").click()
    secret = guest.page.locator("#secret").inner_text()
    heard = guest.town.gateway.chat(secret, guest.town.dear, max_tokens=20)
    assert heard.status == 200, heard.body
    guest.follows("Logs")
    expect(guest.page.locator("main")).to_contain_text(guest.town.dear)
