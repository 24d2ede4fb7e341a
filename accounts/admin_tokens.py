"""The operator's page of tokens of the management API: who made which, when it was used last, and its end."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog

from catalog.admin_acts import ReasonForm, action
from catalog.admin_page import DeepPaginator, ReadOnlyPage, badge, go_to, moment
from kernel import clock

from . import management_tokens
from .models import ManagementToken

__all__: list[str] = []


@admin.register(ManagementToken)
class ManagementTokenPage(ReadOnlyPage):
    """A token that acts for a person in one workspace; it is made by customers alone, and can be ended here."""

    list_display = ("name", "shown", "workspace", "created_by", "scope", moment("last_used_at", "Last used"), moment("expires_at", "Expires"), "state")  # fmt: skip
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "scope")
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "last_four", "workspace__slug", "created_by__email")
    ordering = ("-pk",)
    paginator = DeepPaginator
    actions_detail = ("revoke",)
    fields = (
        ("name", "shown"),
        ("workspace", "created_by"),
        ("scope", "state"),
        ("created_at", "last_used_at"),
        ("expires_at", "revoked_at"),
    )

    @admin.display(description="Token")
    def shown(self, token: ManagementToken) -> str:
        """Show the ends of the token."""
        return f"{token.prefix}…{token.last_four}"

    @admin.display(description="State")
    def state(self, token: ManagementToken) -> SafeString:
        """Show whether it is good."""
        if token.revoked_at is not None:
            return badge("cut", "revoked")
        over = token.expires_at is not None and token.expires_at <= clock.now()
        return badge("cut", "expired") if over else badge("", "in use")

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return the way to end it, of one that is not revoked."""
        good = ManagementToken.objects.filter(pk=object_id, revoked_at=None).exists()
        return list(super().get_actions_detail(request, object_id)) if good else []

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether this operator may end tokens."""
        return request.user.has_perm("accounts.change_managementtoken")

    @action(
        description="Revoke",
        permissions=("revoke",),
        url_path="revoke",
        dialog=ActionDialog(
            title="Revoke this token?",
            description="Programs that use it are refused from the next request on. It cannot be undone.",
            form_class=ReasonForm,
            form_submit_text="Revoke it",
        ),
    )
    def revoke(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """End it."""
        token = ManagementToken.objects.get(pk=object_id)
        if management_tokens.end(token):
            self.log_change(request, token, f"Revoked the token. {form.cleaned_data['reason']}")
            messages.success(request, "It is revoked.")
        else:
            messages.info(request, "It was revoked already.")
        return go_to(request, reverse("admin:accounts_managementtoken_change", args=[token.pk]))
