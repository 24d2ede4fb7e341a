"""The operator's pages of what things cost: price versions, multipliers, plans and their terms."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from kernel import clock, money

from .admin_page import NOTHING, Inline, Page, figure, moment
from .models import Multiplier, Plan, PlanVersion, PriceVersion, Rate

__all__ = ["current_prices", "usd"]

PER_UNIT = frozenset({"request", "image", "web_search"})
_MILLION = 10**6


def usd(token_class: str, micro: int) -> str:
    """Return a rate (micro-USD per million) as exact USD per million tokens, or per unit where units are sold."""
    amount = Decimal(micro) / (_MILLION * _MILLION if token_class in PER_UNIT else _MILLION)
    return f"{amount.normalize():f}"


def current_prices(models: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return the sell rates in force now, in micro-USD per million, by model and class; no long-context steps."""
    newest = (
        PriceVersion.objects.filter(model__in=list(models), provider=None, valid_from__lte=clock.now())
        .order_by("model_id", "-valid_from")
        .distinct("model_id")
    )
    versions = list(newest.values_list("pk", flat=True))
    rates = Rate.objects.filter(price_version__in=versions, min_prompt_tokens=0)
    prices: dict[int, dict[str, int]] = {}
    for model, name, micro in rates.values_list(
        "price_version__model_id", "token_class", "micro_usd_per_million"
    ):
        prices.setdefault(model, {})[name] = micro
    return prices


class RateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A rate as people write it: USD per million tokens, or per unit."""

    price = forms.DecimalField(
        min_value=0,
        max_digits=20,
        decimal_places=12,
        label="USD per million tokens, or per request, image or search",
        widget=UnfoldAdminDecimalFieldWidget(),
    )

    class Meta:
        model = Rate
        fields = ("token_class", "min_prompt_tokens")

    def clean(self) -> dict[str, Any]:
        """Turn the price into an exact integer rate; refuse what is finer."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        price, token_class = cleaned.get("price"), cleaned.get("token_class")
        if price is None or token_class is None:
            return cleaned
        micro = price * _MILLION * (_MILLION if token_class in PER_UNIT else 1)
        if micro != micro.to_integral_value():
            self.add_error("price", "This is finer than a micro-dollar per million.")
        elif micro > 10**15:
            self.add_error("price", "This is more than any price can be.")
        else:
            self.instance.micro_usd_per_million = int(micro)
        return cleaned


class RatesInline(Inline):
    """The rates of a price version: entered with it, never changed."""

    model = Rate
    form = RateForm
    min_num = 1
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: PriceVersion | None = None, **options: Any) -> Any:
        """Return the formset, which for a new version wants a rate: a price without one would be free."""
        return super().get_formset(request, obj, validate_min=obj is None, **options)

    def get_fields(self, request: HttpRequest, obj: PriceVersion | None = None) -> tuple[str, ...]:
        """Return the columns: a price to type for a new version, the price as it is for an old one."""
        return ("token_class", "min_prompt_tokens", "price" if obj is None else "exact")

    def get_readonly_fields(self, request: HttpRequest, obj: PriceVersion | None = None) -> tuple[str, ...]:
        """Return nothing for a new version, all for an old one."""
        return () if obj is None else ("token_class", "min_prompt_tokens", "exact")

    @admin.display(description="USD per million tokens, or per unit")
    def exact(self, rate: Rate) -> str:
        """Show the price to the last digit."""
        return usd(rate.token_class, rate.micro_usd_per_million)

    def has_add_permission(self, request: HttpRequest, obj: PriceVersion | None = None) -> bool:
        """Allow it with a new version only."""
        return obj is None

    def has_change_permission(self, request: HttpRequest, obj: PriceVersion | None = None) -> bool:
        """Allow it with a new version only."""
        return obj is None


@admin.register(PriceVersion)
class PriceVersionPage(Page):
    """The price book: what was sold or bought at which rates from when. Append-only."""

    list_display = ("model", "paid_to", moment("valid_from", "From", order=True), "rates_in_short", "source")
    list_filter = (("provider", admin.RelatedOnlyFieldListFilter), "valid_from")
    list_select_related = ("model", "provider")
    search_fields = ("model__public_id", "model__name")
    ordering = ("-valid_from", "model__public_id")
    autocomplete_fields = ("model", "provider")
    fields = ("model", "provider", "valid_from", "source")
    inlines = (RatesInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceVersion]:
        """Return the versions with their rates."""
        rows: QuerySet[PriceVersion] = super().get_queryset(request)
        return rows.prefetch_related("rates")

    @admin.display(description="Paid to")
    def paid_to(self, version: PriceVersion) -> str:
        """Show whether customers pay this to us, or we to a provider."""
        return str(version.provider) if version.provider else "us"

    @admin.display(description="USD per million, or per unit")
    def rates_in_short(self, version: PriceVersion) -> str:
        """Show the rates in one line."""
        rates = version.rates.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
        return ", ".join(
            f"{rate.token_class}{f' above {rate.min_prompt_tokens:,}' if rate.min_prompt_tokens else ''} "
            f"{usd(rate.token_class, rate.micro_usd_per_million)}"
            for rate in rates
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a price changes by a new version."""
        return False


@admin.register(Multiplier)
class MultiplierPage(Page):
    """Factors on prices. A charge names the factors it took, so one is ended and followed, not changed."""

    list_display = (
        "scope",
        "shown_target",
        figure("factor", "Factor", lambda row: f"{Decimal(row.factor_ppm) / _MILLION:f}", order="factor_ppm"),
        moment("valid_from", "From", order=True),
        moment("valid_until", "Until"),
        "reason",
    )
    list_filter = ("scope",)
    search_fields = ("target", "reason")
    fields = ("scope", "target", "factor_ppm", "valid_from", "valid_until", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Multiplier | None = None) -> tuple[str, ...]:
        """Return what charges refer to, once it is saved."""
        return ("scope", "target", "factor_ppm", "valid_from") if obj is not None else ()

    @admin.display(description="Applies to", ordering="target")
    def shown_target(self, row: Multiplier) -> str:
        """Show the target, or that it is everything."""
        return row.target or "everything"


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
