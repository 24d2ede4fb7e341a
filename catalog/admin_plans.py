"""The operator's pages of what customers subscribe to: plans and the versions of their terms."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from kernel import clock, money

from .admin_page import NOTHING, Page, figure, moment
from .models import Plan, PlanVersion


def _cap(cap: int | None) -> str:
    return NOTHING if cap is None else f"{cap:,}"


def _dollars(nano: int) -> str:
    return money.show(nano, decimals=2)


@admin.register(Plan)
class PlanPage(Page):
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
class PlanVersionPage(Page):
    """Terms of a plan. Subscribers keep the version they took, so terms change by a new version."""

    list_display = (
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
    list_filter = ("plan",)
    list_select_related = ("plan",)
    search_fields = ("plan__name", "plan__slug")
    _COPIED = (
        *("price_nano", "credits_nano", "period", "tiers", "minute_cap", "hour_cap", "day_cap", "stream_cap"),
        *("default_max_tokens", "request_weights", "empty_answers_are_free"),
    )

    @admin.display(description="Tiers")
    def shown_tiers(self, terms: PlanVersion) -> str:
        """Show the tiers in one line."""
        return ", ".join(terms.tiers)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: terms change by a new version."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new version from the plan's newest one."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        newest = PlanVersion.objects.filter(plan=initial.get("plan")).order_by("-version").first()
        if newest is None:
            return initial
        copied = {name: getattr(newest, name) for name in self._COPIED}
        return copied | {"plan": newest.plan_id, "version": newest.version + 1, "published_at": clock.now()}
