"""The operator's pages of reconciliation: files of upstreams, their lines against ours, and what was decided of them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing import figures
from billing.admin_reconciling_forms import DecisionForm, decides
from billing.models import LineDecision, UpstreamFile, UpstreamLine
from billing.reconciling import files
from billing.reconciling.presets import FIELDS
from billing.templatetags.figures import money
from catalog.admin_acts import action
from catalog.admin_page import (
    NOTHING,
    DeepPaginator,
    ReadOnlyPage,
    Reference,
    figure,
    go_to,
    moment,
    named,
    table,
)

State = UpstreamLine.State
_BADGES = {
    State.MATCHED: "",
    State.MISSING: "failed",
    State.EXTRA: "waits",
    State.PRICE: "failed",
    State.COUNT: "waits",
}


@admin.register(UpstreamFile)
class UpstreamFilePage(ReadOnlyPage):
    """A file as it was read, with its sums."""

    references: ClassVar[dict[str, Reference]] = {"provider_id": Reference("catalog.Provider")}
    list_display = (
        "name",
        named("provider_id", "Upstream"),
        moment("first_day", "From"),
        moment("last_day", "to"),
        figure("theirs", "They ask", lambda row: NOTHING if row.theirs is None else money(row.theirs, 6)),
        figure("ours", "We expect", lambda row: money(row.ours, 6)),
        figure("difference", "Difference", lambda row: NOTHING if row.theirs is None else money(row.theirs - row.ours, 6)),
        figure("matched", "Matched", lambda row: figures.count(row.states.get("matched", 0))),
        figure("open", "To decide", lambda row: figures.count(row.undecided)),
        "read_by",
        moment("read_at", "Read"),
    )  # fmt: skip
    ordering = ("-id",)
    paginator = DeepPaginator
    fieldsets = (
        (None, {"fields": (("name", named("provider_id", "Upstream")), (moment("first_day", "From"), moment("last_day", "to")), "compared")}),
        ("Record", {"fields": (("preset", "rows"), "read_from", ("read_by", moment("read_at", "Read")))}),
    )  # fmt: skip
    actions_list = ("upload",)
    actions_detail = ("lines", "decide_rest", "export")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add names, and how many lines of each file wait for a decision: one query."""
        super().prepare(rows)
        waiting = UpstreamLine.objects.filter(file__in=rows).exclude(state=State.MATCHED)
        counted = waiting.filter(decisions__isnull=True).values_list("file_id").annotate(Count("pk"))
        undecided = dict(counted)
        for row in rows:
            row.undecided = undecided.get(row.pk, 0)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the page, and that of a file's lines as CSV."""
        csv = path(
            "<int:object_id>/lines.csv", self.admin_site.admin_view(self.csv), name="billing_upstreamfile_csv"
        )
        return [csv, *super().get_urls()]

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may decide."""
        return bool(request.user.has_perm("billing.add_linedecision"))

    def has_upload_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may take a file in."""
        return bool(request.user.has_perm("billing.add_upstreamfile"))

    @action(description="Read a file", permissions=("upload",), url_path="upload")
    def upload(self, request: HttpRequest) -> HttpResponse:
        """Lead to the form."""
        return HttpResponseRedirect(reverse("admin:reconcile"))

    @action(description="Lines", permissions=("view",), url_path="lines")
    def lines(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to the lines that do not match."""
        return HttpResponseRedirect(f"{reverse('admin:billing_upstreamline_changelist')}?file={object_id}")

    @action(description="As CSV", permissions=("view",), url_path="export")
    def export(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to the CSV."""
        return HttpResponseRedirect(reverse("admin:billing_upstreamfile_csv", args=[object_id]))

    @action(
        description="Decide the rest",
        permissions=("decide",),
        url_path="decide",
        dialog=decides(
            "Decide on all lines of this file that wait?",
            "Those that match, or are decided, stay as they are.",
        ),
    )
    def decide_rest(self, request: HttpRequest, form: DecisionForm, object_id: int) -> HttpResponse:
        """Decide on all lines that nobody has decided on."""
        file = get_object_or_404(UpstreamFile, pk=object_id)
        waiting = UpstreamLine.objects.filter(file=file, decisions__isnull=True)
        _decide(request, self, file, waiting, form)
        return go_to(request, reverse("admin:billing_upstreamfile_change", args=[object_id]))

    def csv(self, request: HttpRequest, object_id: int) -> StreamingHttpResponse:
        """Return the lines with what was decided. Raises PermissionDenied for whom they are not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        file = get_object_or_404(UpstreamFile, pk=object_id)
        headers = {"Content-Disposition": f'attachment; filename="reconciliation-{file.pk}.csv"'}
        return StreamingHttpResponse(
            files.exported(file), content_type="text/csv; charset=utf-8", headers=headers
        )

    @admin.display(description="Against ours")
    def compared(self, row: UpstreamFile) -> SafeString:
        """Show the sums of both, and how many lines there are of each state."""
        address = reverse("admin:billing_upstreamline_changelist")
        sums = [
            ("They ask", NOTHING if row.theirs is None else money(row.theirs, 9)),
            ("We expect", money(row.ours, 9)),
            ("Difference", NOTHING if row.theirs is None else money(row.theirs - row.ours, 9)),
        ]
        states = [
            (format_html('<a class="ref" href="{}?file={}&amp;state={}">{}</a>', address, row.pk, state, State(state).label.capitalize()), figures.count(count))
            for state, count in row.states.items()
        ]  # fmt: skip
        return table(("", "USD, or lines"), [*sums, *states])

    @admin.display(description="Read from")
    def read_from(self, row: UpstreamFile) -> str:
        """Show which columns were read as what."""
        return "; ".join(f"{FIELDS[field]}: {' + '.join(columns)}" for field, columns in row.columns.items())


class FileFilter(admin.SimpleListFilter):
    """Narrows to one file."""

    title = "file"
    parameter_name = "file"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the newest files."""
        return [(str(row.pk), row.name) for row in UpstreamFile.objects.order_by("-pk")[:20]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the lines of the file."""
        value = self.value() or ""
        return queryset.filter(file_id=int(value)) if value.isascii() and value.isdigit() else queryset


class StateFilter(admin.SimpleListFilter):
    """Narrows to one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states, and all that are not matched."""
        return [("differs", "All that differ"), *State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the lines of the state."""
        value = self.value()
        if value == "differs":
            return queryset.exclude(state=State.MATCHED)
        return queryset.filter(state=value) if value in State.values else queryset


def _pair(name: str, label: str) -> Any:
    def show(row: UpstreamLine) -> str:
        theirs, ours = getattr(row, f"their_{name}"), getattr(row, f"our_{name}")
        return " / ".join(NOTHING if each is None else figures.count(each) for each in (theirs, ours))

    return figure(name, label, show)


@admin.register(UpstreamLine)
class UpstreamLinePage(ReadOnlyPage):
    """One line, theirs beside ours."""

    list_display = (
        moment("day", "UTC day"),
        "model",
        "held_against",
        _pair("requests", "Requests, theirs / ours"),
        _pair("input", "Tokens in"),
        _pair("output", "Tokens out"),
        figure("theirs", "They ask", lambda row: NOTHING if row.theirs is None else money(row.theirs, 6)),
        figure("ours", "We expect", lambda row: NOTHING if row.ours is None else money(row.ours, 6)),
        figure("difference", "Difference", lambda row: money(row.difference, 6)),
        "decision",
    )
    list_filter = (FileFilter, StateFilter)
    ordering = ("-id",)
    paginator = DeepPaginator
    fields = (
        (moment("day", "UTC day"), "model", "held_against"),
        ("file", "number", "our_request"),
        (_pair("requests", "Requests, theirs / ours"), _pair("input", "Tokens in"), _pair("output", "Tokens out")),
        (figure("theirs", "They ask", lambda row: NOTHING if row.theirs is None else money(row.theirs, 9)), figure("ours", "We expect", lambda row: NOTHING if row.ours is None else money(row.ours, 9)), figure("difference", "Difference", lambda row: money(row.difference, 9))),
        "decided_on",
    )  # fmt: skip
    actions_detail = ("decide",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UpstreamLine]:
        """Return the lines with what was decided of each last."""
        return files.decided(super().get_queryset(request)).select_related("file")

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may decide."""
        return bool(request.user.has_perm("billing.add_linedecision"))

    @action(
        description="Decide",
        permissions=("decide",),
        url_path="decide",
        dialog=decides("Decide on this line?", "A later decision counts; the earlier stays in the record."),
    )
    def decide(self, request: HttpRequest, form: DecisionForm, object_id: int) -> HttpResponse:
        """Decide on one line."""
        line = get_object_or_404(UpstreamLine, pk=object_id)
        _decide(request, self, line, UpstreamLine.objects.filter(pk=line.pk), form)
        return go_to(request, reverse("admin:billing_upstreamline_change", args=[object_id]))

    @admin.display(description="State")
    def held_against(self, row: UpstreamLine) -> SafeString:
        """Show the state as a badge."""
        return format_html(
            '<span class="badge {}">{}</span>', _BADGES[State(row.state)], row.get_state_display()
        )

    @admin.display(description="Decision")
    def decision(self, row: Any) -> str:
        """Show what was decided, and why."""
        return f"{row.verdict}: {row.reason}" if row.verdict else NOTHING

    @admin.display(description="Request")
    def our_request(self, row: UpstreamLine) -> SafeString | str:
        """Show the way to our request; `request` would be the theme's name for the one that it answers."""
        if row.request_id is None:
            return NOTHING
        address = f"{reverse('admin:billing_usageevent_changelist')}?q={row.request_id}"
        return format_html('<a class="ref" href="{}">{}</a>', address, row.request_id)

    @admin.display(description="Decisions")
    def decided_on(self, row: UpstreamLine) -> SafeString | str:
        """Show all that was decided, newest first."""
        rows = row.decisions.order_by("-pk")[:50]
        lines = [
            (f"{each.made_at:%Y-%m-%d %H:%M}", each.get_verdict_display(), each.reason, each.made_by)
            for each in rows
        ]
        return table(("UTC", "Decision", "Why", "By"), lines, figures_from=9) if lines else NOTHING


@admin.register(LineDecision)
class LineDecisionPage(ReadOnlyPage):
    """What was decided of lines, by whom and why; never changed."""

    list_display = (moment("made_at", "Decided"), "verdict", "line", "reason", "made_by")
    list_filter = ("verdict",)
    list_select_related = ("line",)
    ordering = ("-id",)
    paginator = DeepPaginator


def _decide(
    request: HttpRequest, page: Any, row: Any, lines: QuerySet[UpstreamLine], form: DecisionForm
) -> None:
    verdict, reason = form.cleaned_data["verdict"], form.cleaned_data["reason"]
    number = files.decide(lines, verdict, reason=reason, by=str(request.user))
    if not number:
        messages.warning(request, "No line waited for that.")
        return
    page.log_change(request, row, f"{number} lines {verdict}: {reason}")
    messages.success(request, f"{figures.count(number)} {'line' if number == 1 else 'lines'} {verdict}.")
