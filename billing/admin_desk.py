"""The operator's desk: all that waits for a person on one page, put off or given to a colleague from there."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from billing import figures
from billing.models import DeskMark
from billing.waiting import board, marks
from billing.waiting.board import Order, Waiting
from billing.waiting.item import Item, Weight
from catalog import admin_apart
from catalog.admin_page import DeepPaginator, ReadOnlyPage, moment
from kernel import clock

__all__ = ["Row", "may_mark", "rows"]

MOST_COLLEAGUES = 200
MORNING = time(8, tzinfo=UTC)
_WORDS = {Weight.FAILS: "fails", Weight.WARNS: "needs a look", Weight.WAITS: "waits"}
_SHOWN = {"all": "All", "mine": "Mine", "away": "Put off"}
_ORDERS = {Order.URGENT: "Most urgent", Order.OLDEST: "Oldest", Order.MONEY: "Most money"}


class Row:
    """One thing as the desk shows it."""

    def __init__(self, waiting: Waiting, now: datetime) -> None:
        self.item = waiting.item
        self.person = waiting.marked.person
        self.person_id = waiting.marked.person_id
        self.until = waiting.marked.until if waiting.away else None
        self.mark = ("failed", "warned", "waiting")[waiting.item.weight]
        self.word = _WORDS[waiting.item.weight]
        self.age = "" if waiting.item.since is None else _age(now - waiting.item.since)


@admin.register(DeskMark)
class DeskMarkPage(ReadOnlyPage):
    """What was said of things on the desk, by whom and when; never changed."""

    paginator = DeepPaginator
    list_display = (moment("made_at", "Said"), "title", "kind", moment("until", "Until"), "whose", "by")
    list_filter = ("kind",)
    ordering = ("-id",)
    fields = ("title", "item", "kind", moment("until", "Until"), "whose", "by", moment("made_at", "Said"))

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add who things were given to: one query."""
        people = User.objects.filter(pk__in={row.person_id for row in rows})
        names = dict(people.values_list("pk", "email"))
        for row in rows:
            row.given_to = names.get(row.person_id, "")

    @admin.display(description="Whose")
    def whose(self, row: Any) -> str:
        """Show the address of the person it was given to."""
        return str(row.given_to)


def may_mark(request: HttpRequest) -> bool:
    """Tell whether this operator may put things off and give them to people."""
    return request.user.has_perm("billing.add_deskmark")


def rows(found: Sequence[Waiting], now: datetime) -> list[Row]:
    """Return things as they are shown."""
    return [Row(each, now) for each in found]


def desk(request: HttpRequest) -> HttpResponse:
    """Show the desk, as the address says: whose, and in which order."""
    shown = request.GET.get("show", "all")
    shown = shown if shown in _SHOWN else "all"
    asked = request.GET.get("by", Order.URGENT)
    order = Order(asked) if asked in _ORDERS else Order.URGENT
    whole = board.seen_in(request).sorted(order)
    parts = {
        "all": whole.present,
        "mine": tuple(each for each in whole.present if each.marked.person_id == request.user.pk),
        "away": whole.away,
    }
    context = {
        **admin.site.each_context(request),
        "title": "Desk",
        "rows": rows(parts[shown], whole.now),
        "shown": shown,
        "unread": whole.unread,
        "may_mark": may_mark(request),
        "colleagues": _colleagues(request.user.pk) if may_mark(request) else (),
        "shows": [(_SHOWN[name], _query(name, order), name == shown, len(parts[name])) for name in _SHOWN],
        "orders": [(words, _query(shown, name), name == order) for name, words in _ORDERS.items()],
        "here": _query(shown, order),
        "now": whole.now,
    }
    return render(request, "admin/desk/desk.html", context)


def mark(request: HttpRequest) -> HttpResponse:
    """Put a thing off, take it back, or say whose it is; then show the desk again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    back = reverse("admin:desk") + _safe(request.POST.get("here", ""))
    if not may_mark(request):
        messages.error(request, "You may look at the desk and not change it.")
        return HttpResponseRedirect(back)
    item = board.seen_in(request).find(request.POST.get("item", ""))
    if item is None:
        messages.warning(request, "That no longer waits.")
        return HttpResponseRedirect(back)
    made = _marked(request, item, request.POST.get("say", ""))
    if made is not None:
        admin.site._registry[DeskMark].log_addition(request, made, f"{made.get_kind_display()}: {item.title}")
    return HttpResponseRedirect(back)


def _marked(request: HttpRequest, item: Item, say: str) -> DeskMark | None:
    by, verb, whom = str(request.user), *say.partition(":")[::2]
    match verb:
        case "later" if whom in (pauses := _pauses(clock.now())):
            messages.success(request, f"Put off: {item.title}. It is back {_back(whom)}.")
            return marks.put_off(item.key, title=item.title, until=pauses[whom], by=by)
        case "back":
            messages.success(request, f"Back on the desk: {item.title}.")
            return marks.put_off(item.key, title=item.title, until=None, by=by)
        case "for" if not whom:
            messages.success(request, f"Nobody's: {item.title}.")
            return marks.give(item.key, title=item.title, person_id=None, by=by)
        case "for":
            person = _staff().filter(pk=whom).first() if whom.isascii() and whom.isdigit() else None
            if person is None:
                messages.error(request, "That person is no operator.")
                return None
            messages.success(request, f"{person.name or person.email} has it: {item.title}.")
            return marks.give(item.key, title=item.title, person_id=person.pk, by=by)
    messages.error(request, "Say until when, or whose it is.")
    return None


def _back(pause: str) -> str:
    return {"hour": "in an hour", "tomorrow": "tomorrow at 08:00 UTC", "week": "in a week"}[pause]


def _pauses(now: datetime) -> dict[str, datetime]:
    tomorrow = datetime.combine(clock.utc_day(now) + timedelta(days=1), MORNING)
    return {"hour": now + timedelta(hours=1), "tomorrow": tomorrow, "week": now + timedelta(days=7)}


def _staff() -> Any:
    return User.objects.filter(is_staff=True, is_active=True)


def _colleagues(me: int | None) -> list[tuple[int, str]]:
    people = _staff().order_by("email").values_list("pk", "name", "email")[:MOST_COLLEAGUES]
    return sorted(((pk, name or email) for pk, name, email in people), key=lambda at: at[0] != me)


def _query(shown: str, order: Order) -> str:
    chosen = {"show": shown if shown != "all" else "", "by": order if order != Order.URGENT else ""}
    return "?" + urlencode({name: value for name, value in chosen.items() if value})


def _safe(query: str) -> str:
    """Return a query of this page: what else is sent back to it would lead anywhere."""
    known = {_query(shown, order) for shown in _SHOWN for order in _ORDERS}
    return query if query in known and query != "?" else ""


def _age(passed: timedelta) -> str:
    days = passed.days
    return figures.age(passed).removesuffix(" ago") if days < 2 else f"{days} days"


admin_apart.add("desk/", desk, name="desk")
admin_apart.add("desk/mark/", mark, name="desk_mark")
