"""The tabs of a workspace's page: each has an address of its own, a permission, and a bounded read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts import notes
from accounts.admin_people import MembersInline
from accounts.admin_workspaces import WorkspacePage, operator
from accounts.models import Workspace
from billing.admin_workspace_overview import overview
from billing.admin_workspace_readers import READERS
from catalog.admin_page import go_to

__all__ = ["TABS", "Tabbed"]


@dataclass(frozen=True)
class Tab:
    """A tab: the last part of its address, its title, and the permission without which it is left out."""

    key: str
    title: str
    permission: str

    @property
    def name(self) -> str:
        """The name of its address."""
        return f"accounts_workspace_{self.key}"


TABS = (
    Tab("change", "Overview", "accounts.view_workspace"),
    Tab("keys", "Keys", "accounts.view_apikey"),
    Tab("ledger", "Ledger", "billing.view_ledgertransaction"),
    Tab("requests", "Requests", "billing.view_usageevent"),
    Tab("members", "Members", "accounts.view_member"),
    Tab("notes", "Notes", "accounts.view_note"),
    Tab("audit", "Audit", "accounts.view_trailrow"),
)
_BY_KEY = {tab.key: tab for tab in TABS}


class Tabbed(WorkspacePage):
    """A workspace's page in tabs. The first and the members are forms of the admin, the others lists of their own."""

    change_form_before_template = "admin/workspaces/overview.html"

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the tabs, before those of the admin."""
        own = [
            path(f"<int:object_id>/{tab.key}/", self.admin_site.admin_view(self._view(tab)), name=tab.name)
            for tab in TABS
            if tab.key != "change"
        ]
        return [*own, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show the form of a tab; the first one has what its owner sees above it."""
        context = dict(extra_context or {})
        if object_id is not None and object_id.isdecimal():
            here = "members" if _of_members(request) else "change"
            context |= {"tabs": tabs_of(request, int(object_id), here=here)}
            if here == "change" and request.method == "GET" and self.has_view_permission(request):
                found = self.get_object(request, object_id)
                context["panel"] = overview(found) if found is not None else None
        return super().changeform_view(request, object_id, form_url, context)

    def get_inlines(self, request: HttpRequest, obj: Workspace | None) -> list[Any]:
        """Return the rows that belong on the tab; who joins a new workspace is asked with it."""
        if obj is None or _of_members(request):
            return [MembersInline]
        return [inline for inline in self.inlines if inline is not MembersInline]

    def get_fieldsets(self, request: HttpRequest, obj: Workspace | None = None) -> Any:
        """Return the workspace's own fields, which the tab of members leaves out."""
        return () if obj is not None and _of_members(request) else super().get_fieldsets(request, obj)

    def _view(self, tab: Tab) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: int) -> HttpResponse:
            if not request.user.has_perm(tab.permission):
                raise PermissionDenied
            if tab.key == "members":
                shown: HttpResponse = self.changeform_view(request, str(object_id))
                return shown
            if request.method == "POST" and tab.key == "notes":
                return self._note(request, object_id)
            if request.method not in ("GET", "HEAD"):
                return HttpResponseNotAllowed(["GET"])
            return self._list(request, object_id, tab)

        return view

    def _list(self, request: HttpRequest, object_id: int, tab: Tab, **more: Any) -> HttpResponse:
        workspace = self._found(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            **READERS[tab.key](workspace),
            **more,
            "opts": self.opts,
            "original": workspace,
            "title": f"{workspace}: {tab.title.lower()}",
            "tabs": tabs_of(request, object_id, here=tab.key),
        }
        return TemplateResponse(request, f"admin/workspaces/{tab.key}.html", context)

    def _note(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if not request.user.has_perm("accounts.add_note"):
            raise PermissionDenied
        workspace, text = self._found(request, object_id), request.POST.get("text", "")
        try:
            note = notes.write(workspace.pk, text, by=operator(request))
        except ValueError as error:
            return self._list(request, object_id, _BY_KEY["notes"], wrong=str(error), text=text)
        self.log_change(request, workspace, f"Noted: {note.text[:200]}")
        return go_to(request, reverse("admin:accounts_workspace_notes", args=[object_id]))

    def _found(self, request: HttpRequest, object_id: int) -> Workspace:
        found: Workspace | None = self.get_object(request, str(object_id))
        if found is None:
            raise Http404(f"There is no workspace {object_id}.")
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found


def tabs_of(request: HttpRequest, object_id: int, *, here: str) -> list[dict[str, Any]]:
    """Return the tabs that an operator may open, in their order.

    They are not the theme's, whose script hides tabs behind a button before it knows how wide the page is.
    """
    return [
        {"title": tab.title, "link": reverse(f"admin:{tab.name}", args=[object_id]), "here": tab.key == here}
        for tab in TABS
        if request.user.has_perm(tab.permission)
    ]


def _of_members(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name == _BY_KEY["members"].name
