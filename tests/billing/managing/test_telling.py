"""What the management API tells of usage, requests, money, people: the figures of the pages, that add up."""

from decimal import Decimal
from urllib.parse import quote

import pytest
from django.core import mail

from accounts.models import Invitation, Member
from billing import ledger, statements
from billing.managing import door
from billing.paper import papers
from kernel import money
from tests.billing import rows
from tests.billing.logs import listing
from tests.billing.managing.asking import Place, ask, furnished, token_of
from tests.billing.paper.issuing import issuer, top_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return furnished()


def test_the_workspace_tells_the_plan_and_the_token(place: Place) -> None:
    told = ask("GET", "/api/workspace", place.secret).json()
    assert (told["slug"], told["plan"]) == (place.workspace.slug, place.workspace.plan_version.plan.slug)
    assert told["token"] == {
        "name": "script",
        "scope": "write",
        "made_by": place.owner.user.email,
        "role": "owner",
        "expires_at": None,
    }


@pytest.mark.parametrize("by", ["model", "key", "provider", "tag", "none"])
def test_rows_of_usage_add_up_to_the_total(place: Place, by: str) -> None:
    for number in range(5):
        rows.settle(
            place.workspace.pk, cost=number, tag=f"t{number}", api_key_id=place.key.pk, input_tokens=3
        )
    told = ask("GET", f"/api/usage?by={by}&per=day&range=7d", place.secret).json()
    assert told["total"]["requests"] == 6
    assert told["total"]["usd_exact"] == "0.000000017"
    for name in told["total"]:
        assert sum(Decimal(row[name]) for row in told["rows"]) == Decimal(told["total"][name]), name
    assert all("of" in row or by in row for row in told["rows"])


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("metric=x", "metric"),
        ("by=x", "by"),
        ("per=x", "per"),
        ("range=x", "range"),
        ("range=days&first=x&last=2026-01-01", "first"),
        ("zone=Mars", "zone"),
        ("model=none", "model"),
        ("key=1", "key"),
        ("tag=%00", "tag"),
    ],
)
def test_a_question_that_cannot_be_told_names_its_field(place: Place, asked: str, field: str) -> None:
    answer = ask("GET", f"/api/usage?{asked}", place.secret)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_usage_is_of_no_key_of_another_workspace(place: Place) -> None:
    other = furnished()
    assert ask("GET", f"/api/usage?key={place.key.pk}", place.secret).status_code == 200
    assert ask("GET", f"/api/usage?key={place.key.pk}", other.secret).status_code == 400


def test_requests_are_listed_in_pages_with_refusals_and_those_that_run(place: Place) -> None:
    listing.refuse(place.workspace.pk, listing.ago(minutes=1))
    running = rows.admit(place.workspace.pk, hold=5, api_key_id=place.key.pk)
    for _ in range(60):
        rows.settle(place.workspace.pk, cost=1, api_key_id=place.key.pk)
    first = ask("GET", "/api/requests", place.secret).json()
    assert first["data"][0]["request_id"] == str(running)
    assert (first["data"][0]["kind"], first["data"][0]["held"]) == ("open", "0.000000005")
    rest = ask("GET", f"/api/requests?before={quote(first['next'])}", place.secret).json()
    ended = [row for row in (*first["data"], *rest["data"]) if row["kind"] != "open"]
    assert len({row["request_id"] for row in ended}) == len(ended) == 62
    assert sorted({row["kind"] for row in ended}) == ["refused", "settled"]
    assert rest["next"] is None
    assert {row["key"] for row in ended if row["kind"] == "settled"} == {place.key.name}


def test_a_place_in_anothers_list_shows_none_of_it(place: Place) -> None:
    for _ in range(60):
        rows.settle(place.workspace.pk, cost=1, api_key_id=place.key.pk)
    theirs, following = furnished(), ask("GET", "/api/requests", place.secret).json()["next"]
    answer = ask("GET", f"/api/requests?before={quote(following)}", theirs.secret)
    assert answer.status_code == 200
    assert {row["key"] for row in answer.json()["data"]} <= {theirs.key.name}
    assert not [mark for mark in place.marks if mark in answer.content.decode()]


@pytest.mark.parametrize(
    "asked", ["range=x", "before=x", "status=x", "status=", "cost=x", "slower=x", "range=span&from=x"]
)
def test_a_list_of_requests_that_cannot_be_is_refused(place: Place, asked: str) -> None:
    answer = ask("GET", f"/api/requests?{asked}", place.secret)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


def test_one_request_is_told_with_its_charge_line_by_line(place: Place) -> None:
    told = ask("GET", f"/api/requests/{place.request}", place.secret).json()
    assert (told["refused"], told["running"]) == (None, None)
    settled = told["settled"]
    assert (settled["cost"], settled["status"]) == ("0.000000007", "ok")
    charge = settled["charge"]
    lines = sum(Decimal(line["amount"]) for line in charge["lines"])
    assert lines == Decimal(charge["subtotal"])
    exact = Decimal(charge["exact"]) + Decimal(charge["rounding"]) - Decimal(charge["waived"])
    assert exact == Decimal(settled["cost"])
    assert sum(Decimal(part["amount"]) for part in settled["booked"]) == Decimal(settled["cost"])


def test_a_refused_and_a_running_request_are_told(place: Place) -> None:
    refusal = listing.refuse(place.workspace.pk, listing.ago(minutes=1))
    running = rows.admit(place.workspace.pk, hold=5, api_key_id=place.key.pk)
    told = ask("GET", f"/api/requests/{refusal}", place.secret).json()
    assert (told["settled"], told["refused"]["code"]) == (None, "MINUTE_REQUEST_LIMIT_EXCEEDED")
    told = ask("GET", f"/api/requests/{running}", place.secret).json()
    assert told["running"]["held"] == "0.000000005"


def test_requests_reach_as_far_back_as_the_plan_shows_them() -> None:
    place = furnished(retention_days=1)
    old = listing.settle(place.workspace.pk, listing.ago(days=3), cost=5)
    assert ask("GET", f"/api/requests/{old}", place.secret).status_code == 404
    assert str(old) not in ask("GET", "/api/requests?range=30d", place.secret).content.decode()


def test_balance_and_limits_are_those_of_the_pages(place: Place) -> None:
    told = ask("GET", "/api/balance", place.secret).json()
    balance = statements.balance(place.workspace.pk)
    assert told["available"] == money.show(balance.available) == "4.999999993"
    parts = (
        Decimal(told["posted"])
        - Decimal(told["unbilled"])
        - Decimal(told["held"])
        - Decimal(told["withheld"])
    )
    assert parts == Decimal(told["available"])
    limits = ask("GET", "/api/limits", place.secret).json()
    assert limits["streams"] == {"used": 0, "cap": 7, "resets_at": None}


def test_the_ledger_tells_each_movement_in_words_and_its_balance(place: Place) -> None:
    for cents in (1, 2):
        rows.fund(place.workspace.pk, money.from_cents(cents))
    first = ask("GET", "/api/ledger?limit=2", place.secret).json()
    rest = ask("GET", f"/api/ledger?limit=2&before={first['next']}", place.secret).json()
    told = [*first["data"], *rest["data"]]
    assert [row["amount"] for row in told] == ["0.020000000", "0.010000000", "5.000000000"]
    assert {row["what"] for row in told} == {"Top-up"}
    assert told[0]["balance"] == money.show(statements.balance(place.workspace.pk).posted)
    assert len(told) == ledger.entries(place.workspace.pk).filter(account="workspace").count()
    assert rest["next"] is None
    assert ask("GET", "/api/ledger?limit=3", place.secret).json() == {"data": told, "next": None}


def test_papers_are_told_in_pages_up_to_the_last(place: Place) -> None:
    assert ask("GET", "/api/papers", place.secret).json() == {"data": [], "next": None}
    assert ask("GET", "/api/papers?before=2", place.secret).status_code == 400
    issuer()
    for _ in range(26):
        papers.issue_receipt(top_up(place.workspace.pk))
    first = ask("GET", "/api/papers", place.secret).json()
    rest = ask("GET", f"/api/papers?before={first['next']}", place.secret).json()
    assert (len(first["data"]), len(rest["data"]), rest["next"]) == (25, 1, None)
    assert len({row["id"] for row in (*first["data"], *rest["data"])}) == 26


def test_an_invitation_is_mailed_and_taken_back(place: Place) -> None:
    answer = ask("POST", "/api/invitations", place.secret, {"email": "New@Example.com", "role": "developer"})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["email"], told["mailed"], mail.outbox[-1].to) == (
        "new@example.com",
        True,
        ["new@example.com"],
    )
    listed = ask("GET", "/api/invitations", place.secret).json()["data"]
    assert [row["email"] for row in listed] == ["new@example.com", place.invitation.email]
    assert "~" not in str(listed)
    path = f"/api/invitations/{told['id']}"
    assert ask("DELETE", path, place.secret).json()["ended_at"] is not None
    assert ask("DELETE", path, place.secret).status_code == 404
    assert Invitation.objects.get(pk=told["id"]).ended_by == Invitation.End.REVOKED


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "no address", "role": "viewer"}, 400),
        ({"email": "x@example.com", "role": "king"}, 400),
        ({"email": "x@example.com"}, 400),
        ({"email": "x@example.com", "role": "viewer", "workspace": 1}, 400),
        ({"email": "x@example.com", "role": "owner"}, 403),
    ],
    ids=str,
)
def test_an_invitation_that_cannot_be_is_refused(place: Place, body: dict[str, object], status: int) -> None:
    secret = token_of(place, Member.Role.ADMIN)
    assert ask("POST", "/api/invitations", secret, body).status_code == status
    assert Invitation.objects.filter(workspace=place.workspace).count() == 1


def test_who_is_invited_or_here_is_a_conflict(place: Place) -> None:
    for email in (place.invitation.email, place.owner.user.email):
        answer = ask("POST", "/api/invitations", place.secret, {"email": email, "role": "viewer"})
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")


def test_members_are_listed_with_their_roles(place: Place) -> None:
    told = ask("GET", "/api/members", place.secret).json()["data"]
    assert [(row["email"], row["role"]) for row in told] == [(place.owner.user.email, "owner")]


def test_a_token_sends_so_many_requests_a_minute(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "ASKED_A_MINUTE", 2)
    answers = [ask("GET", "/api/limits", place.secret) for _ in range(5)]  # the minute may end in between
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert answers[-1].json()["code"] == "RATE_LIMIT_ERROR"
