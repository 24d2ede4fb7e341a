"""The operator's pages of requests that did not run: refusals, how many there were, and keys of repeated requests."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing import figures, refusals
from billing.admin_filters import WorkspaceFilter
from billing.admin_usage import WORKSPACE, FoundPage
from billing.admin_windows import RefusedFilter
from billing.models import IdempotencyKey, Refusal, RefusalCount
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, figure, moment, named
from kernel import clock

CODES = (
    *("MINUTE_REQUEST_LIMIT_EXCEEDED", "HOURLY_REQUEST_LIMIT_EXCEEDED", "DAILY_REQUEST_LIMIT_EXCEEDED"),
    *("CONCURRENT_STREAM_LIMIT_EXCEEDED", "INSUFFICIENT_CREDITS", "CREDITS_HELD", "KEY_BUDGET_EXCEEDED"),
    *(
        "MODEL_NOT_ALLOWED",
        "WORKSPACE_SUSPENDED",
        "INVALID_MODEL",
        "VALIDATION_ERROR",
        "CONTEXT_LENGTH_EXCEEDED",
    ),
)
KEY = WORKSPACE | {"api_key_id": Reference("accounts.ApiKey")}


class CodeFilter(admin.SimpleListFilter):
    """Narrows to one reason; they are named here, as asking the table for those there are would read all of it."""

    title = "reason"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the codes with which a known workspace can be refused."""
        return [(code, code.replace("_", " ").capitalize()) for code in CODES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the code."""
        return queryset.filter(code=self.value()) if self.value() in CODES else queryset


@admin.register(Refusal)
class RefusalPage(FoundPage):
    """Why requests were not let in: of the first few per workspace and minute, for a week."""

    references: ClassVar[dict[str, Reference]] = KEY
    list_display = (
        moment("refused_at", "Refused"),
        named("workspace_id", "Workspace"),
        "code",
        "model",
        "message",
    )
    list_filter = (RefusedFilter, WorkspaceFilter, CodeFilter)
    search_fields = ("request_id",)
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-minute_no", "-request_id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Refusal], search_term: str
    ) -> tuple[QuerySet[Refusal], bool]:
        """Return the refusal of a request, by the minute that its id names, or those of the workspace with that slug."""
        found, several = super().get_search_results(request, queryset, search_term)
        try:
            return found.filter(minute_no=refusals.minute_of(UUID(search_term.strip()))), several
        except ValueError:
            return found, several

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return one refusal, by the minute that its id names."""
        try:
            minute = refusals.minute_of(UUID(object_id))
        except ValueError:
            return None
        found = Refusal.objects.filter(minute_no=minute, request_id=object_id).first()
        if found is not None:
            self.prepare([found])
        return found


@admin.register(RefusalCount)
class RefusalCountPage(ReadOnlyPage):
    """How many requests of a key were refused in a minute; kept 90 days."""

    references: ClassVar[dict[str, Reference]] = KEY
    paginator = DeepPaginator
    list_display = (
        "minute",
        named("workspace_id", "Workspace"),
        named("api_key_id", "Key"),
        "code",
        "model",
        figure("refusals", "Refusals", lambda row: figures.count(row.refusals)),
    )
    list_filter = (RefusedFilter, WorkspaceFilter, CodeFilter)
    ordering = ("-minute_no",)

    @admin.display(description="Minute", ordering="minute_no")
    def minute(self, row: RefusalCount) -> str:
        """Show the minute, in UTC."""
        return f"{clock.start_of_minute(row.minute_no):%Y-%m-%d %H:%M}"


@admin.register(IdempotencyKey)
class IdempotencyKeyPage(ReadOnlyPage):
    """Keys by which callers mark a request that must not run twice."""

    references: ClassVar[dict[str, Reference]] = WORKSPACE
    paginator = DeepPaginator
    list_display = (
        "key",
        named("workspace_id", "Workspace"),
        "request_id",
        moment("used_at", "Used", order=True),
    )
    list_filter = (WorkspaceFilter,)
    search_fields = ("=key",)
    ordering = ("-used_at",)
