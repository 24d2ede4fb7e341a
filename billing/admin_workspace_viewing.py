"""How an operator begins to see a workspace as its owner does, and stops."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import viewing
from accounts.models import Workspace
from billing.admin_workspace_tabs import Tabbed
from catalog.admin_acts import Dialog, action
from catalog.admin_page import go_to

__all__ = ["Viewed"]


class WhyForm(Dialog):
    """Asks why."""

    reason = forms.CharField(
        label="Why",
        max_length=200,
        help_text="It stands in the trail, with your name.",
        widget=UnfoldAdminTextInputWidget(),
    )


VIEW_AS_CUSTOMER = ActionDialog(
    title="See it as its owner does?",
    description="The customer's own pages open, for half an hour. Nothing can be changed there meanwhile.",
    form_class=WhyForm,
    form_submit_text="Open",
)


class Viewed(Tabbed):
    """A workspace that can be seen as its owner sees it."""

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the page, and the one at which looking stops."""
        stop = path(
            "<int:object_id>/stop-viewing/",
            self.admin_site.admin_view(self.stop_viewing),
            name="accounts_workspace_stop_viewing",
        )
        return [stop, *super().get_urls()]

    def has_viewing_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may see customers' pages."""
        return request.user.has_perm(viewing.PERMISSION)

    @action(
        description="View as customer",
        permissions=("viewing",),
        url_path="view-as-customer",
        dialog=VIEW_AS_CUSTOMER,
    )
    def view_as_customer(self, request: HttpRequest, form: WhyForm, object_id: int) -> HttpResponse:
        """Begin, for the reason that the dialog asked for."""
        workspace = Workspace.objects.get(pk=object_id)
        seen = viewing.begin(request, workspace)
        told = (
            f"Began to see it as its owner does, until {seen.until:%H:%M} UTC: {form.cleaned_data['reason']}"
        )
        self.log_change(request, workspace, told)
        return go_to(request, reverse("dashboard:home"))

    def stop_viewing(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Stop, and go back to the workspace's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        seen = viewing.end(request)
        if seen is not None:
            workspace = Workspace.objects.get(pk=seen.workspace_id)
            self.log_change(request, workspace, "Stopped seeing it as its owner does.")
            messages.success(request, f"You do not see {workspace} as its owner any more.")
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))
