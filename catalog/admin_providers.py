"""The operator's pages of who answers for us: providers, their endpoints, and our keys there, which are never shown."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminPasswordWidget

from . import credentials, endpoint_keys
from .admin_acts import Dialog, action
from .admin_page import NOTHING, Inline, Page, badge, figure, go_to, link, moment
from .models import Endpoint, EndpointKey, Provider


def _hints(endpoint: Endpoint) -> str:
    keys = [key for key in endpoint.keys.all() if key.active]
    return ", ".join(key.hint or key.name for key in keys) or NOTHING


def _badge(key: EndpointKey, *, way: SafeString | str = "") -> SafeString:
    if key.set_aside_at is not None:
        return format_html('<span class="badge failed">set aside: {}{}</span>', key.set_aside_reason, way)
    return badge("", "in turn") if key.active else badge("cut", "off")


class EndpointsInline(Inline):
    """The endpoints on their provider's page."""

    model = Endpoint
    fields = readonly_fields = ("page", "base_url", "keys_kept", "active")
    hide_title = True
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        """Return the endpoints with their keys."""
        rows: QuerySet[Endpoint] = super().get_queryset(request)
        return rows.prefetch_related("keys")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: an endpoint is made on its own page, with its keys."""
        return False

    @admin.display(description="Name")
    def page(self, endpoint: Endpoint) -> str:
        """Show the way to the endpoint's own page."""
        return link(endpoint)

    @admin.display(description="Keys")
    def keys_kept(self, endpoint: Endpoint) -> str:
        """Show the ends of the keys."""
        return _hints(endpoint)


@admin.register(Provider)
class ProviderPage(Page):
    """A company that answers requests for us."""

    list_display = ("name", "slug", "dialect", "configured", "private", "active", "status_page_url")
    list_filter = ("active", "dialect", "private")
    search_fields = ("name", "slug")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("dialect", "active"), "status_page_url")}),
        ("How it is asked", {"fields": (("reasoning", "drain_seconds"), ("developer_role", "private"), "headers")}),
    )  # fmt: skip
    inlines = (EndpointsInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        """Return the providers with their endpoints and keys."""
        rows: QuerySet[Provider] = super().get_queryset(request)
        return rows.prefetch_related("endpoints__keys")

    @admin.display(boolean=True, description="Can be called")
    def configured(self, provider: Provider) -> bool:
        """Tell whether an active endpoint has an address and, where needed, a key."""
        return any(endpoint.active and endpoint.configured for endpoint in provider.endpoints.all())


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A key's name and whether it is used; its secret goes in and never comes out."""

    secret = forms.CharField(
        required=False,
        strip=True,
        label="Key",
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "new-password", "placeholder": "replaces what is kept"}
        ),
        help_text="Sealed when it is saved, and never shown again.",
    )

    class Meta:
        model = EndpointKey
        fields = ("name", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields["secret"].required = True
            self.fields["secret"].widget.attrs["placeholder"] = ""

    def clean_secret(self) -> str:
        """Refuse what cannot be a key."""
        secret = str(self.cleaned_data["secret"])
        if secret:
            credentials.check_secret(secret)
        return secret

    def save(self, commit: bool = True) -> Any:
        """Seal a new secret before the key is saved."""
        if self.cleaned_data.get("secret"):
            endpoint_keys.put_secret(self.instance, self.cleaned_data["secret"])
        return super().save(commit)


class KeysInline(Inline):
    """The keys on their endpoint's page."""

    model = EndpointKey
    form = KeyForm
    fields = ("name", "secret", "hint", "state", "active")
    readonly_fields = ("hint", "state")
    verbose_name = "key"
    verbose_name_plural = "Keys, taken in turn"
    hide_title = True

    @admin.display(description="State")
    def state(self, key: EndpointKey) -> SafeString | str:
        """Show whether the key is sent, and why not, with the way to where that is mended."""
        if key.set_aside_at is None:
            return _badge(key) if key.pk else NOTHING
        page = reverse("admin:catalog_endpointkey_change", args=[key.pk])
        return _badge(key, way=format_html('<a class="ref" href="{}">See to it</a>', page))


@admin.register(Endpoint)
class EndpointPage(Page):
    """An account at a provider, with its keys and its patience."""

    list_display = ("__str__", "base_url", "keys_kept", "configured_now", "active")
    list_filter = ("provider", "active")
    list_select_related = ("provider",)
    search_fields = ("provider__name", "provider__slug", "name", "base_url")
    autocomplete_fields = ("provider",)
    fieldsets = (
        (None, {"fields": (("provider", "name"), "base_url", ("needs_credential", "active"))}),
        ("Patience, in seconds", {"fields": (("connect_seconds", "first_byte_seconds"), ("idle_seconds", "total_seconds"))}),
    )  # fmt: skip
    inlines = (KeysInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        """Return the endpoints with their keys."""
        rows: QuerySet[Endpoint] = super().get_queryset(request)
        return rows.prefetch_related("keys")

    @admin.display(description="Keys")
    def keys_kept(self, endpoint: Endpoint) -> str:
        """Show the ends of the keys, or that there are none."""
        return _hints(endpoint)

    @admin.display(boolean=True, description="Can be called")
    def configured_now(self, endpoint: Endpoint) -> bool:
        """Tell whether requests can be sent."""
        return endpoint.configured


TAKE_UP = ActionDialog(
    title="Take this key up again?",
    description="It is sent with calls again within a second. If its provider still refuses it, it is set aside anew.",
    form_class=None,
    form_submit_text="Take it up again",
)


SET_ASIDE, ENTERED = moment("set_aside_at", "Set aside"), moment("created_at", "Entered")


@admin.register(EndpointKey)
class EndpointKeyPage(Page):
    """One of our keys at a provider: whether it is sent, and why not."""

    form = KeyForm
    list_display = (
        "endpoint",
        "name",
        "hint",
        "state",
        figure("failures", "Refused in a row", lambda key: key.failures or NOTHING),
        SET_ASIDE,
    )
    list_filter = (("set_aside_at", admin.EmptyFieldListFilter), "active", "endpoint__provider")
    list_select_related = ("endpoint__provider",)
    search_fields = ("endpoint__provider__slug", "endpoint__name", "name", "hint")
    autocomplete_fields = ("endpoint",)
    readonly_fields = ("endpoint", "hint", "state", "failures", SET_ASIDE, ENTERED)
    fieldsets = (
        (None, {"fields": (("endpoint", "name"), ("secret", "hint"), "active")}),
        ("State", {"fields": ("state", (SET_ASIDE, "failures"), ENTERED)}),
    )
    actions_detail = ("take_up",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a key is added on its endpoint's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what the operator's permissions allow: nothing that was charged refers to a key."""
        return bool(super(Page, self).has_delete_permission(request, obj))

    @admin.display(description="State")
    def state(self, key: EndpointKey) -> SafeString:
        """Show whether the key is sent, and why not."""
        return _badge(key)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with this key: only one that is set aside is taken up again."""
        offered = super().get_actions_detail(request, object_id)
        aside = EndpointKey.objects.filter(pk=object_id, set_aside_at__isnull=False).exists()
        return [each for each in offered if aside or each.path != "take-up"]

    def has_take_up_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may have a key sent again."""
        return request.user.has_perm("catalog.change_endpointkey")

    @action(description="Take it up again", permissions=("take_up",), url_path="take-up", dialog=TAKE_UP)
    def take_up(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Have the key sent again."""
        key = EndpointKey.objects.select_related("endpoint__provider").get(pk=object_id)
        if endpoint_keys.take_up(key):
            self.log_change(request, key, "Taken up again.")
            messages.success(request, f"{key} is sent again.")
        return go_to(request, reverse("admin:catalog_endpointkey_change", args=[object_id]))
