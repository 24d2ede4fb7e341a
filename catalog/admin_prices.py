"""The operator's pages of what things cost: price versions and multipliers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from kernel import clock

from .admin_page import Inline, Page, figure, moment
from .models import Multiplier, PriceVersion, Rate

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
