"""The operator's pages of customers, each in its file; and the record of operators' changes."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from catalog.admin_page import ReadOnlyPage, moment

from . import admin_keys as admin_keys  # these register their pages
from . import admin_people as admin_people
from . import admin_signins as admin_signins
from . import admin_upgrades as admin_upgrades
from . import admin_workspaces as admin_workspaces


@admin.register(LogEntry)
class ChangePage(ReadOnlyPage):
    """What operators changed, when, and in whose name."""

    list_display = (moment("action_time", "When"), "user", "content_type", "object_repr", "message")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "user__email")
    ordering = ("-pk",)

    @admin.display(description="Change")
    def message(self, entry: LogEntry) -> str:
        """Show the change in words."""
        return entry.get_change_message()
