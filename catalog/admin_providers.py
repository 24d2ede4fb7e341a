"""The operator's pages of who answers for us: providers, and their endpoints with credentials that are never shown."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from . import credentials
from .admin_page import Inline, Page
from .models import Endpoint, Provider


class EndpointsInline(Inline):
    """The endpoints on their provider's page."""

    model = Endpoint
    fields = ("name", "base_url", "credential_hint", "active")
    readonly_fields = ("name", "base_url", "credential_hint", "active")
    show_change_link = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: an endpoint is made on its own page, with its credential."""
        return False


@admin.register(Provider)
class ProviderPage(Page):
    """A company that answers requests for us."""

    list_display = ("name", "slug", "dialect", "configured", "active", "status_page_url")
    list_filter = ("active", "dialect")
    search_fields = ("name", "slug")
    inlines = (EndpointsInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        """Return the providers with their endpoints."""
        rows: QuerySet[Provider] = super().get_queryset(request)
        return rows.prefetch_related("endpoints")

    @admin.display(boolean=True, description="Can be called")
    def configured(self, provider: Provider) -> bool:
        """Tell whether an active endpoint has an address and, where needed, a credential."""
        return any(endpoint.active and endpoint.configured for endpoint in provider.endpoints.all())


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """An endpoint's facts, and a credential that goes in and never comes out."""

    new_credential = forms.CharField(
        required=False,
        strip=True,
        max_length=10_000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Replaces the one that is kept. It is encrypted, and never shown again.",
    )
    remove_credential = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget())

    class Meta:
        model = Endpoint
        exclude = ("credential", "credential_hint")

    def clean(self) -> dict[str, Any]:
        """Refuse a new credential and the removal of the old one at once."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("new_credential") and cleaned.get("remove_credential"):
            self.add_error("remove_credential", "Either replace the credential or remove it.")
        return cleaned


@admin.register(Endpoint)
class EndpointPage(Page):
    """An account at a provider, with its credential and its patience."""

    form = EndpointForm
    list_display = ("__str__", "base_url", "kept", "configured_now", "active")
    list_filter = ("provider", "active")
    list_select_related = ("provider",)
    search_fields = ("provider__name", "provider__slug", "name", "base_url")
    autocomplete_fields = ("provider",)
    readonly_fields = ("kept",)
    fieldsets = (
        (None, {"fields": (("provider", "name"), "base_url", "active")}),
        ("Credential", {"fields": (("kept", "needs_credential"), "new_credential", "remove_credential")}),
        ("Patience, in seconds", {"fields": (("connect_seconds", "first_byte_seconds"), ("idle_seconds", "total_seconds"))}),
    )  # fmt: skip

    @admin.display(description="Credential kept")
    def kept(self, endpoint: Endpoint) -> str:
        """Show the hint of the credential, or that there is none."""
        return (endpoint.credential_hint or "yes") if endpoint.credential else "none"

    @admin.display(boolean=True, description="Can be called")
    def configured_now(self, endpoint: Endpoint) -> bool:
        """Tell whether requests can be sent."""
        return endpoint.configured

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        """Save the endpoint; seal a new credential before."""
        if form.cleaned_data.get("new_credential") or form.cleaned_data.get("remove_credential"):
            credentials.store(obj, form.cleaned_data.get("new_credential", ""))
        super().save_model(request, obj, form, change)
