"""The operator's page of changes: who did what, when, from where, why, and what it was before."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin_acts import action
from catalog.admin_page import NOTHING, DeepPaginator, ReadOnlyPage, moment, table
from kernel import spreadsheets

from .admin_trail_filters import ActorFilter, KindFilter, ObjectFilter, WhenFilter, WorkspaceFilter, found
from .models import TrailRow

MOST_EXPORTED = 100_000
SHOWN_IN_LIST = 3
SAID_IN_LIST = 56
"""Characters: who wants all of it opens the change."""
HEADS = (
    *("no", "at", "actor", "address", "request_id", "verb", "model", "object_id", "object", "said", "reason"),
    *("field", "before", "after", "hash"),
)


@admin.register(TrailRow)
class TrailPage(ReadOnlyPage):
    """What operators changed, each deed a row of a chain that nobody can rewrite unseen."""

    list_display = (moment("at", "When"), "actor", "what", "said_why", "fields_changed", "address")
    list_filter = (ActorFilter, KindFilter, ObjectFilter, WorkspaceFilter, WhenFilter)
    search_fields = ("actor",)
    search_help_text = "An operator's address, a workspace's slug, or the number of a change"
    ordering = ("-no",)
    sortable_by = ()
    paginator = DeepPaginator
    actions_list = ("export",)
    fieldsets = (
        (None, {"fields": (("what", "verb"), "said", "reason")}),
        ("Before and after", {"fields": ("before_and_after",)}),
        ("Who", {"fields": (("actor", moment("at", "When")), ("address", "request_id"))}),
        ("Chain", {"fields": ("no", "hash_of_this", "hash_before")}),
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Return the changes of whom or what the words name."""
        words = search_term.strip()
        return (found(queryset, words) if words else queryset), False

    @admin.display(description="What")
    def what(self, row: TrailRow) -> str:
        """Show the row that was changed, with the way to it if it has a page."""
        kind = _kind(row.model)
        address = _address(row)
        name = format_html('<a class="ref" href="{}">{}</a>', address, row.object) if address else row.object
        return format_html('{} <span class="dim">{}</span>', name, kind)

    @admin.display(description="Said")
    def said_why(self, row: TrailRow) -> str:
        """Show in words what was done, and the way to all of it."""
        page = reverse("admin:accounts_trailrow_change", args=[row.pk])
        return format_html(
            '<a class="ref" href="{}">{}</a>', page, _short(row.said or row.get_verb_display())
        )

    @admin.display(description="Fields")
    def fields_changed(self, row: TrailRow) -> str:
        """Show which fields changed."""
        names = list(row.changes)
        more = len(names) - SHOWN_IN_LIST
        return ", ".join(names[:SHOWN_IN_LIST]) + (f" and {more} more" if more > 0 else "") or NOTHING

    @admin.display(description="Fields")
    def before_and_after(self, row: TrailRow) -> SafeString | str:
        """Show each field as it was and as it became."""
        if not row.changes:
            return NOTHING
        lines = ((name, *_pair(value)) for name, value in row.changes.items())
        return format_html(
            '<div class="wide-slip">{}</div>', table(("Field", "Before", "After"), lines, figures_from=3)
        )

    @admin.display(description="Hash")
    def hash_of_this(self, row: TrailRow) -> str:
        """Show the row's own hash."""
        return bytes(row.hash).hex()

    @admin.display(description="Hash before")
    def hash_before(self, row: TrailRow) -> str:
        """Show the hash it is chained to."""
        return bytes(row.before).hex() or NOTHING

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Allow who may read the trail."""
        return bool(self.has_view_permission(request))

    @action(description="Export CSV", permissions=("export",), url_path="export")
    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Hand out the changes that the list is narrowed to, the newest first; a field is a line."""
        rows = self.get_changelist_instance(request).get_queryset(request)[:MOST_EXPORTED]
        return StreamingHttpResponse(
            _lines(rows.iterator(chunk_size=500)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="changes.csv"'},
        )


def _short(words: str) -> str:
    return words if len(words) <= SAID_IN_LIST else f"{words[: SAID_IN_LIST - 1].rstrip()}…"


def _lines(rows: Iterable[TrailRow]) -> Iterator[str]:
    yield spreadsheets.rows([HEADS])
    for row in rows:
        facts = (
            *(str(row.no), row.at.isoformat(), row.actor, row.address, row.request_id, row.verb, row.model),
            *(row.object_id, row.object, row.said, row.reason),
        )
        changes = row.changes or {"": ("", "")}
        yield spreadsheets.rows(
            (*facts, name, *(text or "" for text in _pair(value)), bytes(row.hash).hex())
            for name, value in changes.items()
        )


def _pair(value: Any) -> tuple[str, str]:
    """Return what is told of a field before and after; of a secret only that it changed."""
    if isinstance(value, str):
        return NOTHING, value
    before, after = value
    return NOTHING if before is None else str(before), NOTHING if after is None else str(after)


def _kind(label: str) -> str:
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


def _address(row: TrailRow) -> str:
    app, _, name = row.model.partition(".")
    try:
        return reverse(f"admin:{app}_{name}_change", args=[row.object_id])
    except NoReverseMatch:
        return ""
