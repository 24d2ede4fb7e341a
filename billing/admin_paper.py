"""The operator's pages of papers: what was issued, who issues, and whom each workspace's papers are made out to."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing import admin_usage
from billing.admin_filters import WorkspaceFilter
from billing.admin_usage import WORKSPACE
from billing.models import BillingDetails, Paper, PaperIssuer
from billing.paper.details import DetailsForm, IssuerForm
from billing.paper.printed import printed
from billing.templatetags.figures import money
from catalog.admin_page import NOTHING, DeepPaginator, Page, ReadOnlyPage, Reference, figure, moment, named
from kernel import clock
from kernel import money as usd


@admin.display(description="Movement")
def movement(row: Any) -> SafeString | str:
    """Show the way to the movement that a row is of."""
    if row.transaction_id is None:
        return NOTHING
    address = reverse("admin:billing_ledgertransaction_change", args=[row.transaction_id])
    return format_html('<a class="ref" href="{}">{}</a>', address, row.transaction_id)


@admin.register(Paper)
class PaperPage(ReadOnlyPage):
    """What was issued. Nothing here is changed: what was wrong is corrected by a further movement and its paper."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        "label",
        "kind",
        named("workspace_id", "Workspace"),
        moment("period_start", "Month from"),
        figure("total", "USD", lambda paper: money(usd.from_cents(paper.total_cents), 2)),
        moment("issued_at", "Issued"),
        "portable",
    )
    list_filter = (WorkspaceFilter, "kind")
    search_fields = ("number",)
    search_help_text = "A number such as R-000123, or the slug of a workspace"
    ordering = ("-id",)
    paginator = DeepPaginator
    fieldsets = (
        (None, {"fields": (("label", "kind"), (named("workspace_id", "Workspace"), "portable"))}),
        ("What it comes to", {"fields": (figure("total", "USD", lambda paper: money(usd.from_cents(paper.total_cents), 2)), figure("exact", "To the last digit", lambda paper: money(paper.total_nano, 9)))}),
        ("What it is of", {"fields": (movement, ("period_start", "period_end"), ("ledger_seq", "charge_no"))}),
        ("When", {"fields": (moment("issued_at", "Issued"), "sha256")}),
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Paper], search_term: str
    ) -> tuple[QuerySet[Paper], bool]:
        """Return the paper with that number, or those of the workspace with that slug."""
        series, _, number = search_term.strip().upper().partition("-")
        if number.isdecimal() and len(number) < 19 and series in {"R", "C", "S"}:
            return queryset.filter(series=series, number=int(number)), False
        return admin_usage.search(request, queryset, search_term, "id"), False

    def get_urls(self) -> list[Any]:
        """Add the paper as PDF."""
        own = path("<uuid:paper>/pdf", self.admin_site.admin_view(self.draw), name="billing_paper_pdf")
        return [own, *super().get_urls()]

    def draw(self, request: HttpRequest, paper: str) -> HttpResponse:
        """Send a paper as PDF."""
        found = self.get_object(request, paper)
        if found is None or found.series is None or not self.has_view_permission(request, found):
            return HttpResponse("There is no such paper.", status=404)
        answer = HttpResponse(printed(found), content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="{found.label}.pdf"'
        return answer

    @admin.display(description="Number")
    def label(self, paper: Paper) -> str:
        """Show the number as it is printed."""
        return paper.label

    @admin.display(description="Document")
    def portable(self, paper: Paper) -> SafeString:
        """Show the way to the document."""
        address = reverse("admin:billing_paper_pdf", args=[paper.pk]) if paper.series else paper.foreign_url
        return format_html('<a class="ref" href="{}">{}</a>', address, "PDF" if paper.series else "elsewhere")

    @admin.display(description="SHA-256")
    def sha256(self, paper: Paper) -> str:
        """Show the digest of what it says."""
        return bytes(paper.digest).hex()


class _AddressPage(Page):
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Keep when it was changed, and by whom where that has a place."""
        obj.changed_at = clock.now()
        if isinstance(obj, BillingDetails):
            obj.changed_by = str(request.user)
        super().save_model(request, obj, form, change)


@admin.register(BillingDetails)
class DetailsPage(_AddressPage):
    """Whom papers are made out to from now on."""

    form = DetailsForm
    references: ClassVar[dict[str, Reference]] = WORKSPACE
    list_display = (
        named("workspace_id", "Workspace"),
        "legal_name",
        "country",
        "tax_id",
        "email",
        moment("changed_at", "Changed"),
        "changed_by",
    )
    list_display_links = ("legal_name",)
    search_fields = ("legal_name", "tax_id", "email")
    ordering = ("legal_name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: customers fill in their own."""
        return False


@admin.register(PaperIssuer)
class IssuerPage(_AddressPage):
    """Who issues papers. Papers wait until this is filled in; those that exist keep what was said then."""

    form = IssuerForm
    list_display = ("legal_name", "country", "tax_id", "email", moment("changed_at", "Changed"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow one; every page of the admin asks this twice, for its lists of pages."""
        if not super().has_add_permission(request):
            return False
        known = request.__dict__.setdefault("_has_issuer", SimpleLazyObject(PaperIssuer.objects.exists))
        return not known
