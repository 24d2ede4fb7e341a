"""The operator's page of a workspace: plan and upgrades, status, members and keys."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from catalog.admin_acts import Dialog, ReasonForm, action
from catalog.admin_page import Page, go_to, moment
from catalog.admin_plans import PlanFilter

from . import provider_keys, upgrades
from .admin_own_keys import SET_OWN_KEY, TAKE_OWN_KEY, OwnKeysInline
from .admin_people import MembersInline
from .admin_upgrades import END_UPGRADE, GRANT_UPGRADE, UpgradeForm, UpgradesInline
from .models import User, Workspace

__all__ = ["WorkspacePage", "operator"]


@admin.register(Workspace)
class WorkspacePage(Page):
    """A customer: plan, status, members and keys. Its money is on its account's page."""

    list_display: Any = (
        "name",
        "slug",
        "plan_version",
        "status",
        "account",
        moment("created_at", "Since", order=True),
    )
    list_filter: Any = ("status", ("plan_version__plan", PlanFilter))
    list_select_related = ("plan_version__plan",)
    search_fields = ("name", "slug")
    readonly_fields = ("account", "in_rankings", "created_at")
    autocomplete_fields = ("plan_version",)
    fieldsets: Any = (
        (None, {"fields": (("name", "slug"), ("plan_version", "status"), "time_zone")}),
        ("Record", {"fields": (("account", "created_at"), "in_rankings")}),
    )
    inlines = (MembersInline, UpgradesInline, OwnKeysInline)
    actions_detail: tuple[str, ...] = ("grant_upgrade", "end_upgrade", "set_own_key", "take_own_key")

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        """Return what never changes; the slug is in addresses once it exists."""
        return (*self.readonly_fields, "slug") if obj is not None else self.readonly_fields

    @admin.display(description="Money")
    def account(self, workspace: Workspace) -> str:
        """Show the link to the account, which has the workspace's number."""
        if workspace.pk is None:
            return self.empty_value_display
        address = reverse("admin:billing_account_change", args=[workspace.pk])
        return format_html('<a class="ref" href="{}">Account</a>', address)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done here: only what is there is taken away or ended."""
        offered = super().get_actions_detail(request, object_id)
        workspace = Workspace(pk=object_id)
        missing = set() if provider_keys.listed(workspace).exists() else {"take-own-key"}
        missing |= {"grant-upgrade"} if upgrades.standing(workspace) else {"end-upgrade"}
        return [each for each in offered if each.path not in missing]

    def has_upgrades_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may upgrade customers for a while."""
        return request.user.has_perm("accounts.add_planupgrade")

    @action(
        description="Upgrade for a while",
        permissions=("upgrades",),
        url_path="grant-upgrade",
        dialog=GRANT_UPGRADE,
    )
    def grant_upgrade(self, request: HttpRequest, form: UpgradeForm, object_id: int) -> HttpResponse:
        """Save the upgrade that the dialog asked for."""
        workspace = Workspace.objects.get(pk=object_id)
        upgrade = form.grant(by=operator(request))
        self.log_change(request, workspace, f"Upgraded to {upgrade}: {upgrade.reason}")
        messages.success(request, f"{workspace} has {upgrade}.")
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    @action(
        description="End the upgrade",
        permissions=("upgrades",),
        url_path="end-upgrade",
        dialog=END_UPGRADE,
    )
    def end_upgrade(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """End what the workspace has of upgrades."""
        workspace = Workspace.objects.get(pk=object_id)
        upgrade = upgrades.standing(workspace)
        if upgrade is not None and upgrades.end(upgrade):
            self.log_change(request, workspace, f"Ended {upgrade}: {form.cleaned_data['reason']}")
            messages.success(request, "Ended. Requests have the standing plan within two seconds.")
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    def has_own_keys_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may enter and take away own keys of customers."""
        return request.user.has_perm("accounts.change_providerkey")

    @action(
        description="Set an own key", permissions=("own_keys",), url_path="set-own-key", dialog=SET_OWN_KEY
    )
    def set_own_key(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Keep the key that the dialog asked for."""
        workspace, provider = Workspace.objects.get(pk=object_id), form.cleaned_data["provider"]
        key = provider_keys.put(workspace, provider, form.cleaned_data["secret"], by=operator(request))
        messages.success(
            request, f"Calls of {workspace} to {provider} go out with {key.hint or 'its own key'}."
        )
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    @action(
        description="Take an own key away",
        permissions=("own_keys",),
        url_path="take-own-key",
        dialog=TAKE_OWN_KEY,
    )
    def take_own_key(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Take away the key that the dialog named."""
        workspace, provider = Workspace.objects.get(pk=object_id), form.cleaned_data["provider"]
        if provider_keys.remove(workspace, provider, by=operator(request)):
            messages.success(request, f"The own key of {workspace} at {provider} is erased.")
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))


def operator(request: HttpRequest) -> User:
    """Return the operator who asks."""
    return User.objects.get(pk=request.user.pk or 0)
