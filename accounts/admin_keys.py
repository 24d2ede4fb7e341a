"""The operator's page of inference keys: what opens what, and its end."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin_page import Page, moment

from .models import ApiKey

__all__ = ["KeyPage"]


@admin.register(ApiKey)
class KeyPage(Page):
    """A key; what it opens can be narrowed or ended here, never widened to a new secret."""

    list_display: Any = (
        "name",
        "shown",
        "workspace",
        "created_by",
        moment("created_at", "Created", order=True),
        moment("expires_at", "Expires"),
        moment("last_used_at", "Last used"),
        "in_use",
    )
    list_filter: Any = (
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "prefix", "last_four", "workspace__name", "workspace__slug")
    readonly_fields: tuple[str, ...] = (
        "workspace",
        "shown",
        "created_by",
        "created_at",
        "revoked_at",
        "last_used_at",
    )
    fieldsets: Any = (
        (None, {"fields": (("name", "shown"), ("workspace", "created_by"))}),
        ("What it may do", {"fields": ("allowed_models", "default_tag", "expires_at")}),
        ("Record", {"fields": (("created_at", "last_used_at"), "revoked_at")}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ApiKey], search_term: str
    ) -> tuple[QuerySet[ApiKey], bool]:
        """Return the keys to list: a row that usage of a person is written under has a page, and is no key."""
        keys_only = queryset.filter(person=None)
        found: tuple[QuerySet[ApiKey], bool] = super().get_search_results(request, keys_only, search_term)
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a key is minted where its secret can be shown to its owner."""
        return False

    @admin.display(description="Key")
    def shown(self, key: ApiKey) -> str:
        """Show the ends of the key."""
        return f"{key.prefix}…{key.last_four}"

    @admin.display(boolean=True, description="In use")
    def in_use(self, key: ApiKey) -> bool:
        """Tell whether the key has not been revoked."""
        return key.revoked_at is None
