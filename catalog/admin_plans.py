"""The operator's pages of what customers subscribe to: plans and the versions of their terms."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from kernel import clock, money

from . import plans
from .admin_page import NOTHING, Page, figure, moment
from .models import Plan, PlanVersion

__all__ = ["PlanFilter", "PlanVersionPage"]


def _cap(cap: int | None) -> str:
    return NOTHING if cap is None else f"{cap:,}"


def _dollars(nano: int) -> str:
    return money.show(nano, decimals=2)


class PlanFilter(admin.RelatedFieldListFilter):
    """The plans for everyone: custom ones would be as many as workspaces."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return the plans to choose from, by rank."""
        return field.get_choices(include_blank=False, limit_choices_to={"only_for": None})


class _WithoutCustom(Page):
    """A page that does not list what is of a custom plan: that is shown on the page of its workspace."""

    whose = "only_for"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows to list."""
        for_everyone = queryset.filter(**{self.whose: None})
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, for_everyone, search_term)
        return found


@admin.register(Plan)
class PlanPage(_WithoutCustom):
    """What customers subscribe to; the terms are in the versions."""

    list_display = ("name", "slug", "rank", "public", "newest", "next_terms")
    search_fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        """Return the plans with their versions."""
        rows: QuerySet[Plan] = super().get_queryset(request)
        return rows.prefetch_related("versions")

    @admin.display(description="Newest terms")
    def newest(self, plan: Plan) -> str:
        """Show the newest version's price and day cap."""
        versions = sorted(plan.versions.all(), key=lambda terms: terms.version)
        if not versions:
            return NOTHING
        terms = versions[-1]
        return f"v{terms.version}: ${_dollars(terms.price_nano)}, {_cap(terms.day_cap)} requests a day"

    @admin.display(description="")
    def next_terms(self, plan: Plan) -> str:
        """Show the link that begins a new version from the newest."""
        address = f"{reverse('admin:catalog_planversion_add')}?plan={plan.pk}"
        return format_html('<a class="ref" href="{}">New terms</a>', address)


@admin.register(PlanVersion)
class PlanVersionPage(_WithoutCustom):
    """Terms of a plan. Subscribers keep the version they took, so terms change by a new version."""

    whose = "plan__only_for"
    list_display: tuple[Any, ...] = (
        "__str__",
        figure("price", "USD", lambda terms: _dollars(terms.price_nano), order="price_nano"),
        figure("credits", "Credit, USD", lambda terms: _dollars(terms.credits_nano)),
        "period",
        figure("day", "Day", lambda terms: _cap(terms.day_cap)),
        figure("hour", "Hour", lambda terms: _cap(terms.hour_cap)),
        figure("minute", "Minute", lambda terms: _cap(terms.minute_cap)),
        figure("streams", "Streams", lambda terms: _cap(terms.stream_cap)),
        "shown_tiers",
        moment("published_at", "Published"),
    )
    list_filter = (("plan", PlanFilter),)
    list_select_related = ("plan",)
    search_fields = ("plan__name", "plan__slug")

    @admin.display(description="Models")
    def shown_tiers(self, terms: PlanVersion) -> str:
        """Show tiers and patterns in one line."""
        without = [f"not {pattern}" for pattern in terms.except_models]
        return ", ".join([*terms.tiers, *terms.also_models, *without])

    def has_change_permission(self, request: HttpRequest, obj: PlanVersion | None = None) -> bool:
        """Refuse, but for a publication to come: terms change by a new version."""
        waits = obj is not None and obj.published_at > clock.now()
        return waits and bool(super().has_change_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: PlanVersion | None = None) -> tuple[str, ...]:
        """Return all but the moment of publication, once it is saved."""
        if obj is None:
            return ()
        return tuple(f.name for f in PlanVersion._meta.fields if f.name not in ("id", "published_at"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new version from the plan's newest one."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        newest = PlanVersion.objects.filter(plan=initial.get("plan")).order_by("-version").first()
        if newest is None:
            return initial
        copied = {column: getattr(newest, column) for column in plans.COPIED}
        return copied | {"plan": newest.plan_id, "version": newest.version + 1, "published_at": clock.now()}
