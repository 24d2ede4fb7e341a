"""The operator's pages of chains: a version is drafted, published, retired, and never changed once it was live."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from . import chains
from .admin_page import NOTHING, Inline, Page, go_to, moment
from .models import Chain, Hop


def road(chain: Chain) -> str:
    """Return the providers of a chain in order, each with what the model is called there."""
    hops = chain.hops.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
    return " → ".join(f"{hop.endpoint.provider.name} ({hop.upstream_model})" for hop in hops)


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
        return road(chain) or NOTHING

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
