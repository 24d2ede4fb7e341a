"""The operator's pages of what things cost: price versions with their rates and what stays of them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from kernel import clock

from . import admin_multipliers, price_book  # noqa: F401  # the first registers its page
from .admin_acts import action
from .admin_margins import least_margin, margins, standing
from .admin_page import NOTHING, Inline, Page, figure, go_to, moment
from .admin_price_forms import END, EndForm, RateForm, RatesFormSet, VersionForm, usd
from .models import PriceKind, PriceVersion, Rate, TokenClass
from .pricing import Unpriced
from .timetable import Window

__all__ = ["current_prices", "usd"]


def current_prices(models: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return the sell rates in force now, in micro-USD per million, by model and class; no long-context steps."""
    now = clock.now()
    prices: dict[int, dict[str, int]] = {}
    for model, known in price_book.prices_of(models).items():
        version = known[None].at(now) if None in known else None
        if version is not None:
            for name in version.card.rates:
                try:
                    prices.setdefault(model, {})[name] = version.card.rate(name, 0)
                except Unpriced:
                    continue  # it has a price for long prompts only
    return prices


class RatesInline(Inline):
    """The rates of a price version: entered with it, never changed."""

    model = Rate
    form = RateForm
    formset = RatesFormSet
    hide_title = True
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rate]:
        """Return the rates in the order in which requests use them: what goes in before what comes out."""
        places = [When(token_class=name, then=place) for place, name in enumerate(TokenClass.values)]
        rates: QuerySet[Rate] = super().get_queryset(request)
        return rates.order_by(Case(*places), "min_prompt_tokens")

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
    """The price book: what was sold or bought at which rates from when. Append-only but for its ends."""

    form = VersionForm
    list_display = (
        "model",
        figure("number", "No.", lambda version: version.pk, order="id"),
        "paid_to",
        "holds",
        moment("valid_from", "From", order=True),
        moment("valid_until", "Until"),
        "rates_in_short",
        figure("margin", "Least margin", lambda version: least_margin(version.standing[1])),
        "source",
    )
    list_filter = ("kind", ("provider", admin.RelatedOnlyFieldListFilter), "valid_from")
    list_select_related = ("model", "provider")
    search_fields = ("model__public_id", "model__name", "label")
    ordering = ("-valid_from", "model__public_id")
    autocomplete_fields = ("model", "provider")
    inlines = (RatesInline,)
    actions_detail = ("end",)
    NEW = (
        (None, {"fields": (("model", "provider"), ("kind", "label"), ("valid_from", "valid_until"), "source")}),
        ("Time of day", {"fields": (("daily_from", "daily_until"), "days")}),
        ("Confirmed", {"fields": ("confirm", ("below_cost", "reason"))}),
    )  # fmt: skip
    MADE = (
        (None, {"fields": (("model", "paid_to"), ("holds", "label"), ("from_moment", "until_moment"), "source")}),
        ("What stays of it", {"fields": ("margins", "below_cost", "reason")}),
    )  # fmt: skip
    from_moment = staticmethod(moment("valid_from", "From, UTC"))
    until_moment = staticmethod(moment("valid_until", "Until, UTC"))

    def get_fieldsets(self, request: HttpRequest, obj: PriceVersion | None = None) -> Any:
        """Return what is asked of a new version, and what is told of one that is made."""
        return self.NEW if obj is None else self.MADE

    def get_readonly_fields(self, request: HttpRequest, obj: PriceVersion | None = None) -> tuple[str, ...]:
        """Return nothing for a new version, all for an old one."""
        told = ("model", "paid_to", "holds", "label", "from_moment", "until_moment", "source")
        return () if obj is None else (*told, "margins", "below_cost", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceVersion]:
        """Return the versions with their rates."""
        rows: QuerySet[PriceVersion] = super().get_queryset(request)
        return rows.select_related("model", "provider").prefetch_related("rates")

    def prepare(self, rows: Sequence[PriceVersion]) -> None:
        """Add what stays of each sell price."""
        super().prepare(rows)
        known = standing(rows)
        for row in rows:
            row.__dict__["standing"] = known.get(row.pk, ((), []))

    @admin.display(description="Paid to")
    def paid_to(self, version: PriceVersion) -> str:
        """Show whether customers pay this to us, or we to a provider."""
        return str(version.provider) if version.provider else "us"

    @admin.display(description="Kind")
    def holds(self, version: PriceVersion) -> str:
        """Show the kind of a price, its label and its time of day."""
        if version.withdrawn:
            return format_html('<span class="badge cut">{}</span>', "taken back")
        if version.kind == PriceKind.STANDARD:
            return PriceKind.STANDARD.label
        if version.kind == PriceKind.PROMOTION:
            return f"{version.label}, promotion"
        begins, ends, days = version.daily_from or 0, version.daily_until or 0, version.weekdays or 0
        return f"{version.label}, {Window(begins, ends, days)}"

    @admin.display(description="USD per million, or per unit")
    def rates_in_short(self, version: PriceVersion) -> str:
        """Show the rates in one line."""
        rates = version.rates.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
        return ", ".join(
            f"{rate.token_class}{f' above {rate.min_prompt_tokens:,}' if rate.min_prompt_tokens else ''} "
            f"{usd(rate.token_class, rate.micro_usd_per_million)}"
            for rate in rates
        )

    @admin.display(description="By provider")
    def margins(self, version: Any) -> str:
        """Show what stays of each class after what each provider charges."""
        if version.provider is not None:
            return NOTHING
        chain, standings = version.standing
        return margins(version.model, chain, standings)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a price changes by a new version."""
        return False

    def has_end_price_permission(self, request: HttpRequest, object_id: int | str | None = None) -> bool:
        """Tell whether this operator may end a price."""
        return request.user.has_perm("catalog.add_priceversion")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with this version: what is over, and a standard price in force, does not end."""
        version = PriceVersion.objects.filter(pk=object_id).first()
        return list(super().get_actions_detail(request, object_id)) if version and _ends(version) else []

    @action(description="End", permissions=("end_price",), url_path="end", dialog=END)
    def end(self, request: HttpRequest, form: EndForm, object_id: int) -> HttpResponse:
        """End a price with the running minute, or take back one that has not begun."""
        version = PriceVersion.objects.get(pk=object_id)
        if _ends(version):
            minute = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
            version.valid_until = max(minute, version.valid_from)
            version.save(update_fields=["valid_until"])
            self.log_change(request, version, f"Ended at {version.valid_until:%Y-%m-%d %H:%M} UTC: {form.cleaned_data['why']}")  # fmt: skip
            messages.success(request, f"It ends at {version.valid_until:%Y-%m-%d %H:%M} UTC.")
        return go_to(request, reverse("admin:catalog_priceversion_change", args=[version.pk]))


def _ends(version: PriceVersion) -> bool:
    """Tell whether the end of a version can be moved nearer; a minute is left for what is under way."""
    soon = clock.now() + timedelta(minutes=1)
    if version.withdrawn or (version.valid_until is not None and version.valid_until <= soon):
        return False
    return version.kind != PriceKind.STANDARD or version.valid_from > soon
