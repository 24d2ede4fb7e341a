"""The operator's explorer of usage: one figure by a group per step, as chart, table and CSV; the address keeps the view."""

from collections.abc import Iterator
from dataclasses import replace

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from psycopg.errors import QueryCanceled

from billing.admin_explorer_drawing import drawn
from billing.admin_explorer_question import RANGES, WORDS, Question, read
from billing.overall import METRICS, STEPS, Overall, names_of, overall
from catalog import admin_apart
from catalog.admin_patience import bounded
from kernel import clock, money, spreadsheets
from kernel.spreadsheets import Figure

REVENUE = "billing.view_revenue"
_CSV_TOP = 100


def usage(request: HttpRequest) -> HttpResponse:
    """Show a view. Raises PermissionDenied for whom usage is not."""
    question = _asked(request)
    context = {
        **admin.site.each_context(request),
        "title": "Usage",
        "question": question,
        "money_seen": request.user.has_perm(REVENUE),
        "metrics": [
            (key, each.name)
            for key, each in METRICS.items()
            if request.user.has_perm(REVENUE) or not each.money
        ],
        "groups": WORDS.items(),
        "steps": STEPS,
        "ranges": [*RANGES.items(), ("", "Other days")],
        "chips": list(_chips(question)),
        "csv": question.query(csv="1"),
    }
    try:
        with bounded():
            found = _answer(question, top=5)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return render(request, "admin/usage/usage.html", {**context, "unread": True}, status=503)
    return render(request, "admin/usage/usage.html", {**context, **drawn(question, found)})


def usage_csv(request: HttpRequest) -> HttpResponse:
    """Return a view as CSV, its members told apart as far as there are rows for. Raises PermissionDenied."""
    question = _asked(request)
    with bounded():
        found = _answer(question, top=_CSV_TOP)
    answer = HttpResponse(spreadsheets.rows(_cells(question, found)), content_type="text/csv; charset=utf-8")
    name = f"usage-{question.metric}-{question.first}-{question.last}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked(request: HttpRequest) -> Question:
    if not request.user.has_perm("billing.view_dailyusage"):
        raise PermissionDenied
    return read(
        request.GET.dict(), today=clock.utc_day(clock.now()), money_seen=request.user.has_perm(REVENUE)
    )


def _answer(question: Question, *, top: int) -> Overall:
    return overall(
        question.metric,
        by=question.by,
        per=question.per,
        first=question.first,
        last=question.last,
        only=question.only,
        top=top,
        compare=question.compare,
    )


def _chips(question: Question) -> Iterator[tuple[str, str, str]]:
    for name, number in question.only.items():
        left = {other: value for other, value in question.only.items() if other != name}
        yield name, names_of(name, [number])[number], replace(question, only=left).query()


def _cells(question: Question, found: Overall) -> Iterator[list[str]]:
    is_money = METRICS[question.metric].money

    def told(number: int) -> str:
        return Figure(money.show(number) if is_money else number)

    names = [each.name or f"other ({each.others})" for each in found.series]
    yield ["from_utc", *names, "total"]
    for place, begins in enumerate(found.begins):
        yield [
            begins.strftime("%Y-%m-%d %H:%M"),
            *(told(each.values[place]) for each in found.series),
            told(found.values[place]),
        ]
    yield ["total", *(told(each.total) for each in found.series), told(found.total)]


admin_apart.add("usage/", usage, name="usage")
admin_apart.add("usage.csv", usage_csv, name="usage_csv")
