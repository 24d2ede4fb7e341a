"""The customer's pages: what a signed-in person sees, and what nobody else does."""

import re
from html.parser import HTMLParser
from typing import Protocol

import pytest
from django.db import connection
from django.test import Client

from accounts.models import ApiKey, Member, User, Workspace
from billing import ledger, rollup, statements
from catalog.models import Chain, Model
from kernel import clock, money
from tests.billing import rows

pytestmark = pytest.mark.django_db

PASSWORD = "a long road to drive"


def person(email: str = "mara@northwind.example", workspace: int | None = None) -> User:
    user = User.objects.create_user(email, PASSWORD)
    if workspace is not None:
        Member.objects.create(user=user, workspace_id=workspace, role="owner")
    return user


def signed_in(workspace: int | None) -> Client:
    client = Client()
    client.force_login(person(workspace=workspace))
    return client


def model(public_id: str, **facts: object) -> int:
    made = Model.objects.create(
        **{
            "public_id": public_id,
            "name": public_id,
            "author": "sandbox",
            "tier": "free",
            "context_length": 1000,
            "max_output_tokens": 100,
            "created_at": clock.now(),
            **facts,
        }
    )
    Chain.objects.create(model=made, version=1, status="live", published_at=clock.now())
    return made.pk


class Plain(HTMLParser):
    """Gathers the text of a page as a reader hears it, and what a strict policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.refused: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        inline = tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != "application/json"
        )
        if inline or any(name == "style" or name.startswith("on") for name in given):
            self.refused.append(self.get_starttag_text() or tag)
        if any(
            "://" in (given.get(name) or "") or (given.get(name) or "").startswith("//")
            for name in ("src", "href")
        ):
            self.refused.append(self.get_starttag_text() or tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "span":  # digits stand in spans and are read as one figure
            self.text.append(" ")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class Answer(Protocol):
    """The part of a response that a reader needs; Django's test client has a type of its own."""

    status_code: int
    content: bytes


def read(response: Answer) -> str:
    """Return the text of a page, white space folded."""
    assert response.status_code == 200
    page = Plain()
    page.feed(response.content.decode())
    return re.sub(r"\s+", " ", "".join(page.text))


def test_views_send_strangers_to_the_sign_in_page_and_back() -> None:
    response = Client().get("/dashboard/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=/dashboard/"
    assert "Sign in" in read(response)


def test_views_sign_in_by_e_mail_and_land_on_home() -> None:
    person(workspace=rows.workspace())
    response = Client().post(
        "/accounts/login/", {"login": "Mara@Northwind.example", "password": PASSWORD}, follow=True
    )
    assert response.redirect_chain[-1][0] == "/dashboard/"
    assert "Balance" in read(response)


def test_views_say_beside_the_password_that_signing_in_failed() -> None:
    person()
    response = Client().post("/accounts/login/", {"login": "mara@northwind.example", "password": "wrong"})
    field = re.search(r'<input type="password"[^>]*>', response.content.decode())
    assert field is not None
    assert {'aria-invalid="true"', "autofocus", 'aria-describedby="id_password_error"'} <= set(
        field[0][:-1].split()
    )
    assert 'id="id_password_error"' in response.content.decode()


def test_views_sign_out_by_post_and_ask_first_by_get() -> None:
    client = signed_in(rows.workspace())
    assert "Sign out?" in read(client.get("/accounts/logout/"))
    client.post("/accounts/logout/")
    assert client.get("/dashboard/").status_code == 302


def test_home_shows_what_is_left_of_the_balance_and_what_holds_it() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 100_000_000_000)
    rows.settle(workspace, cost=4_835_645)
    rows.admit(workspace, hold=840_000_000)
    text = read(signed_in(workspace).get("/dashboard/"))
    assert "Balance $99.16" in text
    assert "In the ledger $100.000000000" in text
    assert "Charged, not yet in the ledger −$0.004835645" in text
    assert "Held by 1 running request −$0.840000000" in text
    assert "Free to spend $99.155164355" in text
    assert "Spent today $0.004835645" in text


def test_home_total_is_the_ledgers_plus_what_is_not_yet_posted_to_the_nano() -> None:
    workspace, one, two = rows.workspace(), model("route/one"), model("route/two")
    rows.fund(workspace, 100_000_000_000)
    for cost in (1, 2_835_645, 3_000_000_007):
        rows.settle(workspace, model_id=one, cost=cost)
    assert rollup.close(workspace)
    assert rollup.post(workspace) == 1
    rows.settle(workspace, model_id=two, cost=999_999_999)
    charged = -sum(entry.amount for entry in ledger.entries(workspace) if entry.amount < 0)
    unbilled = statements.balance(workspace).unbilled
    assert (charged, unbilled) == (3_002_835_653, 999_999_999)
    response = signed_in(workspace).get("/dashboard/")
    total = money.show(charged + unbilled)
    assert f"${total} to the last digit" in read(response)
    foot = re.search(r"<tfoot>.*?</tfoot>", response.content.decode(), re.DOTALL)
    assert foot is not None
    assert f'title="${total}"' in foot[0]


def test_home_table_has_the_numbers_of_the_chart() -> None:
    workspace, one, two = rows.workspace(), model("route/one"), model("route/two")
    for number in range(4):
        rows.settle(workspace, model_id=one if number else two, cost=10)
    response = signed_in(workspace).get("/dashboard/?range=7d")
    assert "route/one 3 75.0 %" in read(response)
    chart = response.context["page"].chart.drawn
    assert [(series["name"], sum(series["values"])) for series in chart["series"]] == [
        ("route/one", 3),
        ("route/two", 1),
    ]
    assert len(chart["days"]) == 7


@pytest.mark.parametrize(("choice", "requests"), [("today", 1), ("7d", 2), ("30d", 3)])
def test_home_counts_the_days_of_the_chosen_range(choice: str, requests: int) -> None:
    workspace = rows.workspace()
    for days in (0, 6, 29, 30):
        rows.settle(workspace, minute_no=clock.minute_number() - days * clock.MINUTES_PER_DAY)
    response = signed_in(workspace).get(f"/dashboard/?range={choice}")
    assert response.context["page"].chart.requests == requests
    assert f'<a href="?range={choice}" aria-current="true">' in response.content.decode()


def test_home_refuses_a_range_it_does_not_know() -> None:
    assert signed_in(rows.workspace()).get("/dashboard/?range=99y").status_code == 404


def test_home_lists_recent_requests_with_how_they_ended_and_what_they_cost() -> None:
    workspace, one = rows.workspace(), model("route/one")
    rows.settle(
        workspace, model_id=one, cost=2_835_645, input_tokens=17_990, output_tokens=1_892, ttfb_ms=388
    )
    rows.settle(workspace, model_id=one, status="failed", http_status=502, error_code="PROVIDER_ERROR")
    rows.settle(workspace, model_id=one, status="client_gone", cost=1_006_421_113)
    table = read(signed_in(workspace).get("/dashboard/")).split("Recent requests")[1]
    for part in (
        "502 PROVIDER_ERROR",
        "not charged",
        "Cut by you",
        "$1.006421",
        "$0.002836",
        "17,990",
        "388 ms",
    ):
        assert part in table


def test_home_never_shows_the_money_of_another_workspace() -> None:
    rival, mine = rows.workspace(), rows.workspace()
    rows.fund(rival, 77_770_000_000)
    rows.settle(rival, cost=5_550_000_000)
    page = signed_in(mine).get(f"/dashboard/?workspace={rival}").content.decode()
    assert not re.search(r"77\.77|72\.22|5\.55", page)


def test_home_shows_each_limit_as_a_meter_in_words() -> None:
    workspace = rows.workspace(minute_cap=60, hour_cap=None, day_cap=40_000, stream_cap=50)
    rows.settle(workspace)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_account SET minute_no = %s, minute_count = 3, hour_count = 4, day_count = 18204,"
            " open_streams = 3 WHERE workspace_id = %s",
            [clock.minute_number() + 1, workspace],
        )
    page = signed_in(workspace).get("/dashboard/").content.decode()
    spoken = re.findall(r'role="meter" aria-label="([^"]*)".*?aria-valuetext="([^"]*)"', page)
    assert [(label, words.split(", resets")[0]) for label, words in spoken] == [
        ("This minute", "3 of 60 requests"),
        ("Today", "18,204 of 40,000 requests"),
        ("Streams open", "3 of 50 streams"),
    ]
    assert "no cap" in page


def test_home_on_the_first_day_has_a_call_for_their_address_and_key() -> None:
    workspace = rows.workspace()
    model("route/dear", tier="max")
    model("sandbox/error-500")
    model("route/free")
    key = ApiKey.objects.create(
        workspace_id=workspace, name="first-key", digest=b"d", prefix="rk_7d19ab", last_four="fa58"
    )
    response = signed_in(workspace).get("/dashboard/", headers={"host": "localhost:8000"})
    text = read(response)
    assert f"{key.prefix}…fa58 first-key" in text
    assert "curl http://localhost:8000/v1/chat/completions" in text
    assert '"model":"route/free"' in text
    assert "Waiting for your first request" in text
    assert "<canvas" not in response.content.decode()


def test_home_on_the_first_day_offers_no_revoked_or_expired_key() -> None:
    workspace = rows.workspace()
    ApiKey.objects.create(
        workspace_id=workspace,
        name="old",
        digest=b"o",
        prefix="rk_0",
        last_four="0000",
        revoked_at=clock.now(),
    )
    assert "This workspace has no key yet." in read(signed_in(workspace).get("/dashboard/"))


def test_home_tells_a_person_without_a_workspace_so() -> None:
    assert "belong to no workspace" in read(signed_in(None).get("/dashboard/"))


def test_home_names_the_zone_of_the_workspace() -> None:
    workspace = rows.workspace()
    Workspace.objects.filter(pk=workspace).update(time_zone="Asia/Tokyo")
    assert "Clock in Asia/Tokyo" in read(signed_in(workspace).get("/dashboard/"))


def test_home_is_never_cached() -> None:
    response = signed_in(rows.workspace()).get("/dashboard/")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/dashboard/", "/accounts/logout/", "/accounts/password/change/", "/accounts/email/"]
)
def test_views_need_nothing_that_a_strict_policy_refuses(path: str) -> None:
    workspace = rows.workspace(minute_cap=10)
    rows.settle(workspace, cost=5)
    response = signed_in(workspace).get(path)
    page = Plain()
    page.feed(response.content.decode())
    assert page.refused == []
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/"],
)
def test_views_before_signing_in_need_nothing_that_a_strict_policy_refuses(path: str) -> None:
    page = Plain()
    page.feed(Client().get(path).content.decode())
    assert page.refused == []


def test_theme_is_kept_in_a_cookie_and_rendered_on_every_page() -> None:
    client = Client()
    assert client.post("/dashboard/theme", {"theme": "dark"}).status_code == 302
    assert '<html lang="en" data-theme="dark">' in client.get("/accounts/login/").content.decode()
    kept = client.cookies["theme"]
    assert (kept["max-age"], kept["httponly"]) == (365 * 24 * 60 * 60, True)
    client.post("/dashboard/theme", {"theme": "system"})
    assert '<html lang="en">' in client.get("/accounts/login/").content.decode()


def test_theme_refuses_what_it_does_not_know() -> None:
    client = Client()
    assert client.post("/dashboard/theme", {"theme": "neon"}).status_code == 400
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/accounts/login/").content.decode()


def test_home_says_how_long_the_balance_lasts_at_the_pace_of_the_last_week() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 31_000_000_000)
    for days in (0, 1, 7, 8):  # of these, today and the day before the week do not count
        rows.settle(
            workspace, cost=3_500_000_000, minute_no=clock.minute_number() - days * clock.MINUTES_PER_DAY
        )
    text = read(signed_in(workspace).get("/dashboard/"))
    assert "Balance $17.00" in text
    assert "About 17 days at the pace of the last week" in text


def test_home_says_that_nothing_is_left_and_what_follows() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=5)
    assert "Nothing is left. Models that cost something answer 402" in read(
        signed_in(workspace).get("/dashboard/")
    )
