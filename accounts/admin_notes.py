"""The operator's page of notes: what colleagues wrote down about workspaces."""

from django.contrib import admin

from catalog.admin_page import DeepPaginator, ReadOnlyPage, moment

from .notes import Note


@admin.register(Note)
class NotePage(ReadOnlyPage):
    """A note about a workspace; it is written on the workspace's page, and stays."""

    list_display = (moment("written_at", "Written"), "workspace", "author", "text")
    list_select_related = ("workspace", "author")
    search_fields = ("workspace__name", "workspace__slug", "author__email")
    ordering = ("-pk",)
    paginator = DeepPaginator
