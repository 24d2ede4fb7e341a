"""What all pages of the operator's admin share: names for bare ids, figures set right, no counting of large tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.apps import apps
from django.contrib.admin import ShowFacets
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model, URLField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminURLInputWidget

from kernel import deeds

from .admin_lists import DeepPaginator, PreparedChangeList
from .admin_patience import patient

__all__ = [
    "DeepPaginator",
    "Inline",
    "Page",
    "Panelled",
    "ReadOnlyPage",
    "Reference",
    "badge",
    "commits_itself",
    "figure",
    "go_to",
    "link",
    "moment",
    "named",
    "stack",
    "table",
]

NOTHING = "—"
ADDRESSES = {URLField: {"widget": UnfoldAdminURLInputWidget, "assume_scheme": "https"}}


@dataclass(frozen=True)
class Reference:
    """A column that holds the bare id of a row of another model ("app.Model"), and what that row's name needs."""

    model: str
    select_related: tuple[str, ...] = ()


class Page(ModelAdmin):  # type: ignore[misc]
    """The base of all pages of the admin. Nothing is deleted here unless a page says so: charges refer to it."""

    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_fullwidth = True
    list_filter_sheet = False
    warn_unsaved_form = True
    empty_value_display = NOTHING
    formfield_overrides = ADDRESSES
    references: ClassVar[dict[str, Reference]] = {}
    list_before_template = "admin/chips.html"

    @patient
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list, or say that it takes too long."""
        return super().changelist_view(request, extra_context)

    @patient
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show a row, or say that it takes too long."""
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PreparedChangeList]:
        """Return the kind of list that prepares its rows."""
        return PreparedChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return one row, prepared as in the list."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            self.prepare([found])
        return found

    def prepare(self, rows: Sequence[Any]) -> None:
        """Find what the rows' bare ids name: one query for each column, whatever the number of rows."""
        for column, reference in self.references.items():
            wanted = {getattr(row, column) for row in rows} - {None, 0}
            model = apps.get_model(reference.model)
            found = model._default_manager.select_related(*reference.select_related).in_bulk(wanted)
            for row in rows:
                row.__dict__.setdefault("named", {})[column] = found.get(getattr(row, column))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Lead to the trail of a row. Raises PermissionDenied for whom its page is not to be seen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        trail = reverse("admin:accounts_trailrow_changelist")
        return HttpResponseRedirect(f"{trail}?model={self.model._meta.label_lower}&object={object_id}")

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what was added, in Django's list and in the trail."""
        entry = super().log_addition(request, obj, message)
        deeds.tell(deeds.Deed("add", obj, _said(entry), actor_id=request.user.pk))
        return entry

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what was done to a row, in Django's list and in the trail."""
        entry = super().log_change(request, obj, message)
        deeds.tell(deeds.Deed("change", obj, _said(entry), actor_id=request.user.pk))
        return entry

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Write down what is about to be deleted, in Django's list and in the trail."""
        rows = list(queryset)
        entries = super().log_deletions(request, rows)
        for row in rows:
            deeds.tell(deeds.Deed("delete", row, "Deleted.", actor_id=request.user.pk))
        return entries


class ReadOnlyPage(Page):
    """A page of rows that only the machinery writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


class Panelled(Page):
    """A page that shows something of each row above its fields, by `change_form_before_template`."""

    def panel_of(self, request: HttpRequest, number: int) -> Any:
        """Return what is shown of the row with that number, or None if there is none."""
        raise NotImplementedError

    @patient
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show a row with its panel."""
        number = int(object_id) if object_id and object_id.isdecimal() else 0
        context = {**(extra_context or {}), "panel": self.panel_of(request, number)}
        return super().changeform_view(request, object_id, form_url, context)


class Inline(TabularInline):  # type: ignore[misc]
    """The base of all rows that are shown within another's page."""

    extra = 0
    show_change_link = False
    formfield_overrides = ADDRESSES


def commits_itself(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an action that must commit before it is over, as one that asks another service does.

    All others are one transaction with what is written down of them.
    """
    view.commits_itself = True  # type: ignore[attr-defined]
    return view


def named(column: str, label: str) -> Callable[[Any], str]:
    """Return a list column that shows, as a link, the row that a bare id of `Page.references` means."""

    def show(row: Any) -> str:
        found = row.named.get(column)
        number = getattr(row, column)
        return link(found) if found is not None else f"#{number}" if number else NOTHING

    return _titled(show, f"{column}_named", label)


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """Return the way to another page, in the form that a dialog of the theme follows."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def moment(name: str, label: str, *, order: bool = False) -> Callable[[Any], str]:
    """Return a column that shows a day, or a moment to the second, in UTC; `order` where an index supports sorting by it."""

    def show(row: Any) -> str:
        at = getattr(row, name)
        if isinstance(at, datetime):
            return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        return NOTHING if at is None else str(at)

    return _titled(show, f"{name}_at", label, name if order else None)


def figure(
    name: str, label: str, show: Callable[[Any], Any], *, order: str | None = None
) -> Callable[[Any], Any]:
    """Return a list column of figures; the stylesheet sets columns whose name begins with n_ flush right."""
    return _titled(show, f"n_{name}", label, order)


def link(row: Model) -> str:
    """Return a row's name as a link to its page; only the name if it has no page."""
    try:
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return str(row)
    return format_html('<a class="ref" href="{}">{}</a>', url, row)


def stack(lines: Iterable[tuple[Any, Any]]) -> SafeString:
    """Return lines one beneath the other, the second part of each dimmed."""
    return format_html_join("", '<span class="hop">{} <span class="dim">{}</span></span>', lines)


def badge(mark: str, word: str) -> SafeString:
    """Return a word of state; `mark` is empty, or one of the classes of colour: waits, begun, cut, failed."""
    return format_html('<span class="{}">{}</span>', f"badge {mark}".rstrip(), word)


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]], *, figures_from: int = 1) -> SafeString:
    """Return a small table; columns from `figures_from` on are set flush right."""

    def cells(tag: str, row: Iterable[Any]) -> SafeString:
        marks = ((tag, "n" if place >= figures_from else "", cell, tag) for place, cell in enumerate(row))
        return format_html_join("", '<{} class="{}">{}</{}>', marks)

    body = format_html_join("", "<tr>{}</tr>", ((cells("td", row),) for row in rows))
    return format_html(
        '<table class="slip"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', cells("th", heads), body
    )


def _said(entry: LogEntry) -> str:
    return str(entry.get_change_message())


def _titled(
    show: Callable[[Any], Any], name: str, label: str, order: str | None = None
) -> Callable[[Any], Any]:
    show.__name__ = name
    show.short_description = label  # type: ignore[attr-defined]  # how Django's admin is told
    if order:
        show.admin_order_field = order  # type: ignore[attr-defined]
    return show
