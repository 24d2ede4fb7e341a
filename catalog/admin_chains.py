"""The operator's pages of chains: a version is drafted, published, retired, and never changed once it was live."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from . import chains
from .admin_acts import Dialog, action
from .admin_chain_filters import StateFilter
from .admin_chain_forms import DRAFT, PUBLISH, ROLL_BACK, SCHEDULE, UNSCHEDULE
from .admin_chain_panel import Panel, badge, panel
from .admin_hops import HopsInline, is_draft
from .admin_page import NOTHING, Page, Panelled, go_to, link, moment, stack
from .models import Chain

__all__ = ["road"]

# What can be done with a version in each state; the paths of the actions below.
OFFERED = {
    Chain.Status.DRAFT: {"publish", "schedule"},
    Chain.Status.LIVE: {"draft", "rollback"},
    Chain.Status.RETIRED: {"draft"},
}


def road(chain: Chain) -> str:
    """Return the providers of a chain in order, each with what the model is called there."""
    hops = chain.hops.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
    return " → ".join(f"{hop.endpoint.provider.name} ({hop.upstream_model})" for hop in hops)


@admin.register(Chain)
class ChainPage(Panelled):
    """A version of a model's chain: drafted, published, retired."""

    list_display = (
        "named",
        "state",
        "hops_in_order",
        moment("publish_at", "Scheduled for"),
        moment("published_at", "Published"),
        "note",
    )
    list_filter = (StateFilter, ("model", admin.RelatedOnlyFieldListFilter))
    search_fields = (
        "model__public_id",
        "model__name",
        "note",
        "hops__upstream_model",
        "hops__endpoint__provider__name",
    )
    search_help_text = "Model, provider, what the model is called there, or note"
    list_select_related = ("model",)
    autocomplete_fields = ("model",)
    inlines = (HopsInline,)
    change_form_before_template = "admin/chains/panel.html"
    actions_detail = ("publish", "schedule", "unschedule", "rollback", "draft")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Chain]:
        """Return the chains with their hops."""
        rows: QuerySet[Chain] = super().get_queryset(request)
        return rows.prefetch_related("hops__endpoint__provider")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return one version; one that is being saved is kept from being published meanwhile."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "POST" and transaction.get_connection().in_atomic_block:
            Chain.objects.select_for_update().get(pk=found.pk)
            found.refresh_from_db()
        return found

    def get_fields(self, request: HttpRequest, obj: Chain | None = None) -> Any:
        """Return what is said of a new version, and of one that is there."""
        if obj is None:
            return ("model", "note")
        moments = (("scheduled",) if obj.publish_at else ()) + (("published",) if obj.published_at else ())
        return (("model_link", "state"), *([moments] if moments else []), "note")

    def get_readonly_fields(self, request: HttpRequest, obj: Chain | None = None) -> tuple[str, ...]:
        """Return all but the note: the model stays, the rest is done by the buttons."""
        return () if obj is None else ("model_link", "state", "scheduled", "published")

    @admin.display(description="Version", ordering="model__public_id")
    def named(self, chain: Chain) -> str:
        """Show model and version."""
        return str(chain)

    @admin.display(description="Model")
    def model_link(self, chain: Chain) -> str:
        """Show the model, as a link."""
        return link(chain.model)

    @admin.display(description="Status", ordering="status")
    def state(self, chain: Chain) -> str:
        """Show the state in a word."""
        return badge(chain)

    @admin.display(description="Hops, in order")
    def hops_in_order(self, chain: Chain) -> str:
        """Show providers and what the model is called there."""
        hops = chain.hops.all()  # type: ignore[arg-type]  # as above
        return stack((hop.endpoint.provider.name, hop.upstream_model) for hop in hops) or NOTHING

    scheduled = staticmethod(moment("publish_at", "Scheduled for, UTC"))
    published = staticmethod(moment("published_at", "Published, UTC"))

    def has_change_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it in a draft: what was live is what charges refer to."""
        return is_draft(obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Chain | None = None) -> bool:
        """Allow it for one draft at a time, on its own page: no charge refers to it."""
        return (
            obj is not None and is_draft(obj) and bool(super(Page, self).has_delete_permission(request, obj))
        )

    def panel_of(self, request: HttpRequest, number: int) -> Panel | None:
        """Return what a version changes and what speaks against it."""
        chain = Chain.objects.select_related("model").filter(pk=number).first()
        return panel(chain) if chain is not None else None

    def save_model(self, request: HttpRequest, obj: Chain, form: Any, change: bool) -> None:
        """Save a version; a new one is the model's next."""
        if not change:
            obj.version = chains.next_version(obj.model_id)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the hops and number them by their places."""
        super().save_related(request, form, formsets, change)
        chains.renumber(form.instance)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with this version as it is now."""
        chain = Chain.objects.filter(pk=object_id).first()
        if chain is None:
            return []
        fitting = OFFERED[Chain.Status(chain.status)] | ({"unschedule"} if chain.publish_at else set())
        if chain.status == Chain.Status.LIVE and chains.live_before(chain.model) is None:
            fitting -= {"rollback"}
        return [each for each in super().get_actions_detail(request, object_id) if each.path in fitting]

    def has_publish_chain_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may make a version live, now or later."""
        return request.user.has_perm("catalog.change_chain")

    def has_draft_chain_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may begin a new version."""
        return request.user.has_perm("catalog.add_chain")

    @action(description="Publish", permissions=("publish_chain",), url_path="publish", dialog=PUBLISH, variant=ActionVariant.PRIMARY)  # fmt: skip
    def publish(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Make the draft live."""
        note = form.cleaned_data["note"]
        return self._done(
            request, object_id, lambda chain: chains.publish(chain, note=note), f"Published: {note}",
            "{} is live; the version before it is retired.",
        )  # fmt: skip

    @action(description="Schedule", permissions=("publish_chain",), url_path="schedule", dialog=SCHEDULE)
    def schedule(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Have the draft go live by itself."""
        at, note = form.cleaned_data["at"], form.cleaned_data["note"]
        said = f"{at:%Y-%m-%d %H:%M} UTC"
        return self._done(
            request, object_id, lambda chain: chains.schedule(chain, at, note=note), f"Scheduled for {said}: {note}",
            f"{{}} goes live at {said}.",
        )  # fmt: skip

    @action(
        description="Unschedule", permissions=("publish_chain",), url_path="unschedule", dialog=UNSCHEDULE
    )
    def unschedule(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Take the draft's moment away."""
        note = form.cleaned_data["note"]
        return self._done(
            request, object_id, chains.unschedule, f"Unscheduled: {note}", "{} waits until it is published."
        )

    @action(description="Roll back", permissions=("publish_chain",), url_path="rollback", dialog=ROLL_BACK)
    def rollback(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Have what was live before go live again, as a new version."""
        note = form.cleaned_data["note"]
        return self._done(
            request, object_id, lambda chain: chains.rollback(chain.model, note=note), f"Rolled back: {note}",
            "{} is live, with the hops that were live before.",
        )  # fmt: skip

    @action(description="Draft a new version", permissions=("draft_chain",), url_path="draft", dialog=DRAFT)
    def draft(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Copy the chain into a draft and open it."""
        original = Chain.objects.get(pk=object_id)
        return self._done(
            request,
            object_id,
            chains.draft_from,
            f"Drafted from version {original.version}.",
            "{} is a draft.",
        )

    def _done(
        self, request: HttpRequest, object_id: int, do: Callable[[Chain], Chain], logged: str, told: str
    ) -> HttpResponse:
        """Do something with a version, write it down, say so, and go to the version that came of it."""
        chain = Chain.objects.select_related("model").get(pk=object_id)
        try:
            chain = do(chain)
        except chains.ChainRefused as refused:
            for reason in refused.reasons:
                messages.error(request, str(reason))
        else:
            self.log_change(request, chain, logged)
            messages.success(request, told.format(chain))
        return go_to(request, reverse("admin:catalog_chain_change", args=[chain.pk]))
