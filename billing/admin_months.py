"""The operator's pages of months: how each stands, what moved in it to the nano, and its closing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldBooleanWidget

from billing import figures as words
from billing.admin_month_figures import compared, file_lines, moved_now
from billing.models import AuditRun, BookMonth, MonthClose
from billing.month_end import closing, sweeps
from billing.month_end.counting import Figures
from billing.paper.months import Month
from billing.templatetags.figures import money
from catalog.admin_acts import Dialog, action, asked_why
from catalog.admin_page import NOTHING, ReadOnlyPage, badge, figure, go_to, link
from kernel import clock, spreadsheets


def _figure(name: str, label: str) -> Any:
    return figure(
        name, label, lambda row: money(getattr(row.counted, name), 2) if row.counted_at else NOTHING
    )


class CloseForm(Dialog):
    """Asks why, below what stands against it."""

    form_before_template = "admin/months/against.html"
    nonetheless = forms.BooleanField(
        label="Close it nonetheless", required=False, widget=UnfoldBooleanWidget(), help_text="Only where something stands against it."
    )  # fmt: skip
    reason = asked_why("Kept with the close: in order, or why it is closed nonetheless.")

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the fields."""
        row = BookMonth.objects.filter(pk=object_id).first()
        if row is None:
            return {}
        counted = Figures.read(row.figures)
        return {"row": row, "figures": counted, "against": closing.stands_against(Month(row.first), counted)}


@admin.register(BookMonth)
class BookMonthPage(ReadOnlyPage):
    """A UTC month: what moved, what stands against closing it, and what came after it was closed."""

    list_display = ("month", "state", "sealed", "audit", "statements", "reconciled", _figure("revenue", "Revenue"), _figure("provider_cost", "Upstream"), _figure("margin", "Margin"), _figure("opening", "Carried in"), _figure("closing", "Carried out"), "counted_ago")  # fmt: skip
    list_display_links = ("month",)
    ordering = ("-first",)
    list_per_page = 24
    actions_detail = ("close", "count", "export")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("month", "state"),
                    ("sealed", "audit"),
                    ("statements", "reconciled"),
                    "counted_ago",
                )
            },
        ),
        ("What moved, in USD", {"fields": ("moved", "adds_up")}),
        ("Closing", {"fields": ("closed",)}),
    )

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add figures, closes and the newest audit of everything: two queries."""
        closes = {
            each.first: each for each in MonthClose.objects.filter(first__in=[row.first for row in rows])
        }
        whole = (
            AuditRun.objects.filter(kind=AuditRun.Kind.WHOLE, ended_at__isnull=False).order_by("-pk").first()
        )
        for row in rows:
            row.counted = Figures.read(row.figures)
            row.close = closes.get(row.first)
            row.audited = (
                whole if whole is not None and whole.started_at >= closing.ends_at(Month(row.first)) else None
            )

    @admin.display(description="Month")
    def month(self, row: BookMonth) -> str:
        """Show the month."""
        return str(row)

    @admin.display(description="State")
    def state(self, row: Any) -> SafeString:
        """Show whether it is closed, and whether something came later."""
        if row.close is not None:
            changed = closing.later(Figures.read(row.close.figures), row.counted)
            return badge("waits", "closed, differs") if changed else badge("cut", "closed")
        if closing.ends_at(Month(row.first)) > clock.now():
            return badge("begun", "goes on")
        return badge("failed", "does not add up") if row.counted.differences else badge("", "open")

    @admin.display(description="Sealed")
    def sealed(self, row: Any) -> str:
        """Show how many of the days with usage are sealed."""
        return (
            f"{row.counted.days - row.counted.unsealed_days} of {row.counted.days}"
            if row.counted_at
            else NOTHING
        )

    @admin.display(description="Audit")
    def audit(self, row: Any) -> SafeString | str:
        """Show what the last audit of everything after its end says."""
        if row.audited is None:
            return "not since its end"
        page = reverse("admin:billing_auditrun_change", args=[row.audited.pk])
        said = f"{row.audited.broken:,} findings" if row.audited.broken else "every rule held"
        return badge(
            "failed" if row.audited.broken else "",
            format_html('<a class="ref" href="{}">{}</a>', page, said),
        )

    @admin.display(description="Statements")
    def statements(self, row: Any) -> str:
        """Show how many workspaces with usage have their statement."""
        return f"{row.counted.statements:,} of {row.counted.customers:,}" if row.counted_at else NOTHING

    @admin.display(description="Reconciled")
    def reconciled(self, row: Any) -> str:
        """Show how many of the upstreams that cost something are reconciled."""
        found = row.counted
        return f"{found.upstreams - found.unreconciled} of {found.upstreams}" if row.counted_at else NOTHING

    @admin.display(description="Counted")
    def counted_ago(self, row: BookMonth) -> str:
        """Show when it was counted last."""
        if row.asked_at is not None and (row.counted_at is None or row.asked_at > row.counted_at):
            return "being counted"
        return words.age(clock.now() - row.counted_at) if row.counted_at is not None else "soon"

    @admin.display(description="To the nano")
    def moved(self, row: Any) -> SafeString | str:
        """Show every figure; of a closed month also as it was closed, and the difference."""
        if row.counted_at is None:
            return "It is counted within minutes."
        if row.close is None:
            return moved_now(row.counted)
        return compared(Figures.read(row.close.figures), row.counted)

    @admin.display(description="Does it add up")
    def adds_up(self, row: Any) -> SafeString | str:
        """Show that it does, or by how much it does not."""
        differences = row.counted.differences
        if not differences:
            return f"Movements: {row.counted.movements:,}. All legs sum to zero, balances carried in and what moved are what is carried out, and usage is that of {words.count(row.counted.requests)} requests."
        return format_html_join("", "<p>{}: {}</p>", ((name.capitalize(), money(amount, 9)) for name, amount in differences.items()))  # fmt: skip

    @admin.display(description="How it stands")
    def closed(self, row: Any) -> SafeString | str:
        """Show how it was closed, or what stands against it."""
        if row.close is not None:
            return link(row.close)
        if closing.ends_at(Month(row.first)) > clock.now():
            return "The month is not over."
        against = closing.stands_against(Month(row.first), row.counted)
        return (
            format_html_join("", "<p>{}</p>", ((each,) for each in against)) or "Nothing stands against it."
        )

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return what can be done with the month as it is now."""
        over = closing.ends_at(Month(_day(object_id))) <= clock.now()
        closable = over and not MonthClose.objects.filter(first=_day(object_id)).exists()
        offered = super().get_actions_detail(request, object_id)
        return [each for each in offered if closable or each.path != "close"]

    def has_close_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may close months."""
        return request.user.has_perm("billing.add_monthclose")

    def has_read_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may see months."""
        return bool(self.has_view_permission(request))

    @action(
        description="Close the month",
        permissions=("close",),
        url_path="close",
        dialog=ActionDialog(
            title="Close this month?",
            description="Its figures are kept for ever. Nothing is blocked: corrections post to the day they happen, and what still changes here shows as a difference.",
            form_class=CloseForm,
            form_submit_text="Close it",
        ),
    )
    def close(self, request: HttpRequest, form: CloseForm, object_id: str) -> HttpResponse:
        """Keep its figures."""
        month = Month(_day(object_id))
        try:
            made = closing.close(month, **_asked(form), by=str(request.user))
        except closing.NotAllowed as error:
            messages.error(request, str(error))
            return self._back(request, object_id)
        self.log_addition(request, made, f"Closed{' against: ' + ' '.join(made.against) if made.against else ''}. {made.reason}")  # fmt: skip
        messages.success(request, f"{month.first:%B %Y} is closed.")
        return self._back(request, object_id)

    @action(
        description="Count again",
        permissions=("read",),
        url_path="count",
        dialog=ActionDialog(
            title="Count this month again?",
            description="A worker counts it within minutes, over every movement; this page shows what it came to.",
            form_class=None,
            form_submit_text="Count it",
        ),
    )
    def count(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        """Have it counted."""
        sweeps.ask(Month(_day(object_id)))
        self.log_change(request, BookMonth.objects.get(pk=object_id), "Asked for it to be counted again.")
        messages.success(request, "It is counted within minutes.")
        return self._back(request, object_id)

    @action(description="CSV", permissions=("read",), url_path="csv")
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the figures, as they are now and as they were closed."""
        row: Any = self.get_object(request, object_id)
        kept = Figures.read(row.close.figures) if row.close is not None else None
        heads = ("month", "figure", "usd_now", "usd_at_the_close")
        cells = file_lines(f"{row.first:%Y-%m}", kept, row.counted)
        answer = HttpResponse(spreadsheets.rows([heads, *cells]), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="month-{row.first:%Y-%m}.csv"'
        return answer

    def _back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return go_to(request, reverse("admin:billing_bookmonth_change", args=[object_id]))


def _asked(form: CloseForm) -> dict[str, Any]:
    return {"reason": form.cleaned_data["reason"], "nonetheless": form.cleaned_data["nonetheless"]}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404(f"No month begins on {text}.") from error
