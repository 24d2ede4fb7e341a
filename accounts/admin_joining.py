"""The operator's pages of who is asked to join a workspace, and of what is to be deleted: both are customers' to change."""

from django.contrib import admin

from catalog.admin_page import DeepPaginator, ReadOnlyPage, moment

from .models import Farewell, Invitation


@admin.register(Invitation)
class InvitationPage(ReadOnlyPage):
    """An address that is asked to join, as what, and how that ended. The link itself is nowhere."""

    list_display = (
        "email",
        "role",
        "workspace",
        "invited_by",
        moment("sent_at", "Sent"),
        moment("expires_at", "Expires"),
        moment("ended_at", "Ended"),
        "ended_by",
    )
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "role")
    list_select_related = ("workspace", "invited_by")
    search_fields = ("email", "workspace__slug")
    ordering = ("-pk",)
    paginator = DeepPaginator
    fields = (
        ("email", "role"),
        ("workspace", "invited_by"),
        ("created_at", "sent_at", "expires_at"),
        ("ended_at", "ended_by"),
    )


@admin.register(Farewell)
class FarewellPage(ReadOnlyPage):
    """A workspace or a person that is to be deleted, from when on, and what it waits for."""

    list_display = (
        "workspace",
        "person",
        "asked_by",
        moment("asked_at", "Asked"),
        moment("due_at", "Due"),
        "waits_for",
        moment("ended_at", "Ended"),
        "ended_by",
    )
    list_display_links = ("workspace", "person")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "ended_by")
    list_select_related = ("workspace", "person", "asked_by")
    search_fields = ("workspace__slug", "person__email")
    ordering = ("-pk",)
    paginator = DeepPaginator
    fields = (
        ("workspace", "person"),
        ("asked_by", "asked_at", "due_at"),
        ("waits_for",),
        ("ended_at", "ended_by"),
    )
