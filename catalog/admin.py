"""The operator's pages of the catalogue: models, providers, endpoints and chains; prices and plans are beside."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from . import (
    admin_prices,  # noqa: F401  # registers its pages
    chains,
    credentials,
)
from .admin_page import NOTHING, Inline, Page, ReadOnlyPage, figure, go_to, link, moment, table
from .admin_prices import current_prices, usd
from .models import CatalogRevision, Chain, Endpoint, Hop, Model, PriceVersion, Provider, TokenClass


def _rate(token_class: TokenClass) -> Any:
    def show(model: Any) -> str:
        micro = model.prices.get(token_class)
        return NOTHING if micro is None else usd(token_class, micro)

    return show


@admin.register(Model)
class ModelPage(Page):
    """A model with its facts, its sell price and where it is served."""

    list_display = (
        "public_id",
        "tier",
        "capability",
        figure("context", "Context", lambda model: f"{model.context_length:,}", order="context_length"),
        figure("input", "In, USD / M", _rate(TokenClass.INPUT)),
        figure("cached", "Cached", _rate(TokenClass.CACHED)),
        figure("output", "Out", _rate(TokenClass.OUTPUT)),
        figure("image", "Per image", _rate(TokenClass.IMAGE)),
        "upstreams",
        "active",
    )
    list_filter = ("active", "tier", "capability", "author")
    search_fields = ("public_id", "name", "author")
    readonly_fields = ("price_book", "chain_versions")
    fieldsets = (
        (None, {"fields": (("public_id", "name"), ("author", "tier"), ("capability", "active"), "description")}),
        ("What it takes", {"fields": (("context_length", "max_output_tokens"), ("input_modalities", "output_modalities"), "supported_parameters", ("tokenizer", "instruct_type"), "truncates", "aliases")}),
        ("Sold at", {"fields": ("price_book",)}),
        ("Served by", {"fields": ("chain_versions",)}),
        ("Record", {"fields": (("created_at", "expires_on"), "source")}),
    )  # fmt: skip

    def prepare(self, rows: Sequence[Model]) -> None:
        """Add the prices in force and the providers of the live chains: two queries."""
        prices = current_prices([model.pk for model in rows])
        providers: dict[int, list[str]] = defaultdict(list)
        hops = Hop.objects.filter(chain__model__in=rows, chain__status=Chain.Status.LIVE).order_by("position")
        for model_id, name in hops.values_list("chain__model_id", "endpoint__provider__name"):
            providers[model_id].append(name)
        for model in rows:
            model.__dict__ |= {"prices": prices.get(model.pk, {}), "providers": providers[model.pk]}

    @admin.display(description="Upstreams, in order")
    def upstreams(self, model: Any) -> str:
        """Show the providers of the live chain."""
        return " → ".join(model.providers) or NOTHING

    @admin.display(description="Price versions")
    def price_book(self, model: Model) -> str:
        """Show the newest price versions; all of them are under Price versions."""
        versions = PriceVersion.objects.filter(model=model).select_related("provider", "model")
        return table(
            ("Version", "Paid to", "Source"),
            (
                (link(version), version.provider or "us", version.source)
                for version in versions.order_by("-valid_from")[:10]
            ),
            figures_from=9,
        )

    @admin.display(description="Chain versions")
    def chain_versions(self, model: Model) -> str:
        """Show the newest versions of the chain with their hops."""
        versions = model.chains.prefetch_related("hops__endpoint__provider").order_by("-version")[:10]
        return table(("Version", "Status", "Hops"), ((link(chain), chain.status, _road(chain)) for chain in versions), figures_from=9)  # fmt: skip


def _road(chain: Chain) -> str:
    hops = chain.hops.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
    return " → ".join(f"{hop.endpoint.provider.name} ({hop.upstream_model})" for hop in hops)


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


class HopsInline(Inline):
    """The hops of a chain, in order; they change only while it is a draft."""

    model = Hop
    ordering = ("position",)
    autocomplete_fields = ("endpoint",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hop]:
        """Return the hops with what their endpoints' names need."""
        rows: QuerySet[Hop] = super().get_queryset(request)
        return rows.select_related("endpoint__provider")

    def has_add_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft."""
        return _is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft."""
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft."""
        return _is_draft(obj) and super().has_delete_permission(request, obj)


def _is_draft(chain: Chain | None) -> bool:
    return chain is None or chain.status == Chain.Status.DRAFT


PUBLISH = ActionDialog(
    title="Publish this chain?",
    description="Requests take it from now on. The chain that is live now is retired, and can be drafted again.",
    form_class=None,
    form_submit_text="Publish",
)
DRAFT = ActionDialog(
    title="Draft a new version?",
    description="The draft begins with these hops. Nothing changes for requests until it is published.",
    form_class=None,
    form_submit_text="Draft",
)


@admin.register(Chain)
class ChainPage(Page):
    """A version of a model's chain: drafted, published, retired."""

    list_display = ("__str__", "status", "hops_in_order", moment("published_at", "Published"))
    list_filter = ("status",)
    search_fields = ("model__public_id", "model__name")
    list_select_related = ("model",)
    autocomplete_fields = ("model",)
    fields = ("model", "version", "status", "published_at")
    readonly_fields = ("status", "published_at")
    inlines = (HopsInline,)
    actions_detail = ("publish", "draft")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Chain]:
        """Return the chains with their hops."""
        rows: QuerySet[Chain] = super().get_queryset(request)
        return rows.prefetch_related("hops__endpoint__provider")

    @admin.display(description="Hops")
    def hops_in_order(self, chain: Chain) -> str:
        """Show providers and what the model is called there."""
        return _road(chain) or NOTHING

    def has_change_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft: what was live is what charges refer to."""
        return _is_draft(obj) and bool(super().has_change_permission(request, obj))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with this version: only a draft is published."""
        offered = super().get_actions_detail(request, object_id)
        draft = Chain.objects.filter(pk=object_id, status=Chain.Status.DRAFT).exists()
        return [each for each in offered if draft or each.path != "publish"]

    def has_publish_chain_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may make a version live."""
        return request.user.has_perm("catalog.change_chain")

    def has_draft_chain_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may begin a new version."""
        return request.user.has_perm("catalog.add_chain")

    @action(description="Publish", permissions=("publish_chain",), url_path="publish", dialog=PUBLISH)  # type: ignore[untyped-decorator]
    def publish(self, request: HttpRequest, form: BaseDialogForm, object_id: int) -> HttpResponse:
        """Make the draft live."""
        chain = Chain.objects.select_related("model").get(pk=object_id)
        try:
            chains.publish(chain)
        except chains.NotADraft as refusal:
            messages.error(request, str(refusal))
        else:
            self.log_change(request, chain, "Published.")
            messages.success(request, f"{chain} is live; the version before it is retired.")
        return go_to(request, reverse("admin:catalog_chain_change", args=[object_id]))

    @action(description="Draft a new version", permissions=("draft_chain",), url_path="draft", dialog=DRAFT)  # type: ignore[untyped-decorator]
    def draft(self, request: HttpRequest, form: BaseDialogForm, object_id: int) -> HttpResponse:
        """Copy the chain into a draft and open it."""
        draft = chains.draft_from(Chain.objects.get(pk=object_id))
        self.log_addition(request, draft, "Drafted from an earlier version.")
        return go_to(request, reverse("admin:catalog_chain_change", args=[draft.pk]))


@admin.register(CatalogRevision)
class RevisionPage(ReadOnlyPage):
    """How often the catalogue changed: a number that each process compares."""

    list_display = ("number",)
