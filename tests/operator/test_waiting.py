"""The operator's desk: whom it shows what waits, and how that is put off or given to somebody."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from django.test import Client

from accounts.models import User, Workspace
from billing.models import DeskMark, Move
from billing.moves import desk
from billing.waiting import board, deciding
from billing.waiting.board import Order
from billing.waiting.item import Item, Source
from kernel import clock, money
from tests.billing import rows
from tests.operator.reading import said, text

pytestmark = pytest.mark.django_db

USD = money.NANO_PER_USD


def asked(amount: int = 500, *, by: str = "lena@example.com") -> Move:
    workspace = Workspace.objects.get(slug="northwind-labs").pk
    return desk.ask(
        workspace_id=workspace, kind=Move.Kind.GRANT, amount=amount * USD, reason="goodwill", by=by, token=uuid4()
    )  # fmt: skip


def test_what_takes_too_long_hides_nothing_else(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(now: object) -> list[Item]:
        raise OperationalError("canceling statement due to statement timeout")

    asked()
    monkeypatch.setattr(board, "SOURCES", (Source("refusals", fail), Source("movements", deciding.find)))
    shown = text(operator, "desk")
    assert "Not read in time: refusals." in shown
    assert "Grant waits for a second person" in shown


def test_the_desk_is_sorted_by_urgency_age_or_money(operator: Client) -> None:
    asked(200)
    asked(900)
    below = rows.workspace()
    rows.settle(below, cost=3 * USD)

    def order(query: str) -> list[int | None]:
        return [row.item.stake for row in operator.get(f"/admin/desk/{query}").context["rows"]]

    assert order("") == [-3 * USD, 900 * USD, 200 * USD]
    assert order(f"?by={Order.OLDEST}") == [200 * USD, 900 * USD, -3 * USD]
    assert order(f"?by={Order.MONEY}") == [900 * USD, 200 * USD, -3 * USD]


def test_a_person_sees_what_their_rights_show(client: Client) -> None:
    asked()
    person = User.objects.create_user("few@example.com", "long-enough-4", is_staff=True)
    client.force_login(person)
    assert "Nothing waits for a person" in text(client, "desk")
    person.user_permissions.add(Permission.objects.get(codename="view_move"))
    shown = text(client, "desk")
    assert "Grant waits for a second person" in shown
    assert "Put off" in shown
    assert "/admin/desk/mark/" not in shown  # may look, not mark


def test_customers_do_not_see_the_desk(client: Client) -> None:
    client.force_login(User.objects.create_user("customer@example.com", "long-enough-4"))
    assert client.get("/admin/desk/").status_code == 302
    assert client.post("/admin/desk/mark/").status_code == 302


def say(client: Client, item: str, words: str, here: str = "") -> str:
    """Say something of a thing on the desk and return what is told of it."""
    answer = client.post("/admin/desk/mark/", {"item": item, "say": words, "here": here})
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/desk/" + (here if here.startswith("?") else "")
    return said(answer)


@pytest.mark.parametrize("pause", ["hour", "tomorrow", "week"])
def test_a_thing_is_put_off_and_comes_back(operator: Client, pause: str) -> None:
    key = f"move:{asked().pk}"
    say(operator, key, f"later:{pause}", here="?show=mine&by=money")
    assert operator.get("/admin/desk/").context["rows"] == []
    [row] = operator.get("/admin/desk/?show=away").context["rows"]
    assert row.until > clock.now()
    assert row.until <= clock.now() + timedelta(days=7)
    assert say(operator, key, "back:").startswith("Back on the desk: Grant waits")
    assert len(operator.get("/admin/desk/").context["rows"]) == 1


def test_a_thing_is_given_to_a_colleague_and_only_to_one(operator: Client) -> None:
    key = f"move:{asked().pk}"
    lena = User.objects.create_user("lena@example.com", "long-enough-4", is_staff=True, name="Lena")
    customer = User.objects.create_user("customer@example.com", "long-enough-4")
    say(operator, key, f"for:{customer.pk}")
    assert not DeskMark.objects.exists()
    assert say(operator, key, f"for:{lena.pk}").startswith("Lena has it: Grant waits")
    assert operator.get("/admin/desk/").context["rows"][0].person == "Lena"
    assert operator.get("/admin/desk/?show=mine").context["rows"] == []
    say(operator, key, "for:")
    assert operator.get("/admin/desk/").context["rows"][0].person == ""
    assert "Lena" not in text(operator, "billing_deskmark_changelist")
    assert "lena@example.com" in text(operator, "billing_deskmark_changelist")


@pytest.mark.parametrize("words", ["", "later:", "later:2099", "for:x", "for:99999999", "away:1"])
def test_nonsense_marks_nothing(operator: Client, words: str) -> None:
    told = say(operator, f"move:{asked().pk}", words, here="https://elsewhere.example/")
    assert told == (
        "That person is no operator." if words.startswith("for:") else "Say until when, or whose it is."
    )
    assert not DeskMark.objects.exists()


def test_what_does_not_wait_or_is_not_seen_cannot_be_marked(operator: Client, client: Client) -> None:
    say(operator, f"move:{uuid4()}", "later:hour")
    person = User.objects.create_user("few@example.com", "long-enough-4", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="add_deskmark"))
    client.force_login(person)
    say(client, f"move:{asked().pk}", "later:hour")
    assert not DeskMark.objects.exists()


def test_the_board_is_read_again_only_after_seconds(
    monkeypatch: pytest.MonkeyPatch, operator: Client
) -> None:
    monkeypatch.setattr(board, "MOST_SECONDS", 60.0)
    board.forget()
    try:
        assert "Nothing waits" in text(operator, "desk")
        asked()
        assert "Nothing waits" in text(operator, "desk")
        board.forget()
        assert "Grant waits" in text(operator, "desk")
    finally:
        board.forget()
