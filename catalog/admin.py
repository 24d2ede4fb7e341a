"""The operator's pages of models; prices and plans, providers, and chains are beside."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib import admin

from . import admin_plans, admin_prices, admin_proposals, admin_providers  # noqa: F401  # each registers its pages
from .admin_chains import road
from .admin_page import NOTHING, Page, ReadOnlyPage, figure, link, table
from .admin_prices import current_prices, usd
from .models import CatalogRevision, Chain, Hop, Model, PriceVersion, TokenClass


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
        return table(("Version", "Status", "Hops"), ((link(chain), chain.status, road(chain)) for chain in versions), figures_from=9)  # fmt: skip


@admin.register(CatalogRevision)
class RevisionPage(ReadOnlyPage):
    """How often the catalogue changed: a number that each process compares."""

    list_display = ("number",)
