"""The operator's pages of requests that did not run: refusals, how many there were, and keys of repeated requests."""

from typing import ClassVar

from django.contrib import admin

from billing import figures
from billing.admin_filters import WorkspaceFilter
from billing.admin_usage import WORKSPACE, FoundPage
from billing.models import IdempotencyKey, Refusal, RefusalCount
from catalog.admin_page import DeepPaginator, ReadOnlyPage, Reference, figure, moment, named
from kernel import clock

KEY = WORKSPACE | {"api_key_id": Reference("accounts.ApiKey")}


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
    list_filter = (WorkspaceFilter, "code")
    search_fields = ("request_id",)
    search_help_text = "A request's id, or the slug of a workspace"
    ordering = ("-request_id",)


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
    list_filter = (WorkspaceFilter, "code")
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
