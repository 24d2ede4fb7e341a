"""The operator's pages of announcements: drafted, shown as customers see it, published, added to, ended."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant

from billing.admin_announcement_forms import END, PUBLISH, SAY, DraftForm, Preview, preview
from billing.announcing import publishing
from billing.announcing.publishing import State
from billing.models import Announcement, AnnouncementUpdate
from catalog.admin_acts import Dialog, action
from catalog.admin_page import DeepPaginator, Page, Panelled, ReadOnlyPage, badge, go_to, moment
from kernel import clock

# What can be done with an announcement in each state; the paths of the actions below.
OFFERED = {
    State.DRAFT: {"publish"},
    State.TO_COME: {"say", "end"},
    State.ON: {"say", "end"},
    State.OVER: set[str](),
}
_BADGES = {State.DRAFT: "begun", State.TO_COME: "waits", State.ON: "", State.OVER: "cut"}


@dataclass(frozen=True)
class Panel:
    """What stands above the fields: the banner and its reach, and what was said since."""

    preview: Preview
    state: State
    updates: list[AnnouncementUpdate]


@admin.register(Announcement)
class AnnouncementPage(Panelled):
    """An announcement: whom it concerns, what they read, and what became of it."""

    form = DraftForm
    list_display = ("title", "state", "severity", "concerns", moment("begins_at", "From", order=True), moment("ends_at", "Until"), "published_by")  # fmt: skip
    list_filter = ("severity", "audience", "public")
    search_fields = ("title", "consequence")
    search_help_text = "Words of the title or of what follows from it"
    autocomplete_fields = ("plans", "workspaces")
    ordering = ("-pk",)
    paginator = DeepPaginator
    change_form_before_template = "admin/alerts/announcement.html"
    actions_detail = ("publish", "say", "end")
    fieldsets = (
        (None, {"fields": (("severity", "title"), "consequence", ("link_text", "link_url"))}),
        ("Who sees it", {"fields": (("audience", "public"), "plans", "workspaces")}),
        ("When, in UTC", {"fields": ("begins_at", "ends_at")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Announcement | None = None) -> Any:
        """Return the fields, and of what was published who did what."""
        shown = list(super().get_fieldsets(request, obj))
        if obj is not None and obj.published_at is not None:
            who = (
                ("published_by", moment("published_at", "Published")),
                ("ended_by", moment("ended_at", "Ended")),
            )
            shown.append(("Record", {"fields": who}))
        return shown

    def has_change_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        """Allow it in a draft: what was published has been read."""
        draft = obj is None or obj.published_at is None
        return draft and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        """Allow it for one draft at a time, on its own page."""
        draft = obj is not None and obj.published_at is None
        return draft and bool(super(Page, self).has_delete_permission(request, obj))

    def panel_of(self, request: HttpRequest, number: int) -> Panel | None:
        """Return what customers see of it, how many, and what was said since."""
        found = Announcement.objects.filter(pk=number).first()
        if found is None:
            return None
        return Panel(
            preview(found), publishing.state_of(found, clock.now()), list(found.updates.order_by("-pk"))
        )

    def save_model(self, request: HttpRequest, obj: Announcement, form: Any, change: bool) -> None:
        """Save a draft with who began it."""
        if not change:
            obj.drafted_by = str(request.user)
        super().save_model(request, obj, form, change)

    @admin.display(description="State")
    def state(self, row: Announcement) -> SafeString:
        """Show the state in a word."""
        state = publishing.state_of(row, clock.now())
        return badge(_BADGES[state], state)

    @admin.display(description="For")
    def concerns(self, row: Announcement) -> str:
        """Show whom it is for."""
        return f"{row.get_audience_display()}{', public' if row.public else ''}"

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done with it as it is now."""
        found = Announcement.objects.filter(pk=object_id).first()
        fitting = OFFERED[publishing.state_of(found, clock.now())] if found is not None else set()
        return [each for each in super().get_actions_detail(request, object_id) if each.path in fitting]

    def has_announce_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may speak to customers."""
        return request.user.has_perm("billing.change_announcement")

    @action(description="Publish", permissions=("announce",), url_path="publish", dialog=PUBLISH, variant=ActionVariant.PRIMARY)  # fmt: skip
    def publish(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Show it to whom it concerns."""
        found = Announcement.objects.get(pk=object_id)
        try:
            published = publishing.publish(found, by=str(request.user))
        except publishing.NotAllowed as error:
            return self._refused(request, found, error)
        reached = publishing.reached(published)
        self.log_change(
            request, published, f"Published to {reached:,} workspaces: {form.cleaned_data['reason']}"
        )
        messages.success(request, f"Published: {reached:,} workspace{'s' if reached != 1 else ''} see it within seconds, or from its beginning on.")  # fmt: skip
        return self._back(request, published)

    @action(description="Add an update", permissions=("announce",), url_path="say", dialog=SAY)
    def say(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Add what is known now."""
        found = Announcement.objects.get(pk=object_id)
        stage, text = form.cleaned_data["stage"], form.cleaned_data["text"]
        try:
            update = publishing.say(found, stage=stage, text=text, by=str(request.user))
        except publishing.NotAllowed as error:
            return self._refused(request, found, error)
        self.log_change(request, found, f"{update.get_stage_display()}: {text}")
        messages.success(request, "Said. What is resolved stays on the pages as news for a day." if stage == AnnouncementUpdate.Stage.RESOLVED else "Said.")  # fmt: skip
        return self._back(request, found)

    @action(description="End", permissions=("announce",), url_path="end", dialog=END)
    def end(self, request: HttpRequest, form: Dialog, object_id: int) -> HttpResponse:
        """Take it off the pages."""
        found = Announcement.objects.get(pk=object_id)
        try:
            publishing.end(found, by=str(request.user))
        except publishing.NotAllowed as error:
            return self._refused(request, found, error)
        self.log_change(request, found, f"Ended: {form.cleaned_data['reason']}")
        messages.success(request, "Ended.")
        return self._back(request, found)

    def _refused(self, request: HttpRequest, found: Announcement, error: Exception) -> HttpResponse:
        messages.error(request, str(error))
        return self._back(request, found)

    def _back(self, request: HttpRequest, found: Announcement) -> HttpResponse:
        return go_to(request, reverse("admin:billing_announcement_change", args=[found.pk]))


@admin.register(AnnouncementUpdate)
class AnnouncementUpdatePage(ReadOnlyPage):
    """What was said of an announcement after it was published."""

    list_display = (moment("made_at", "Said"), "announcement", "stage", "text", "by")
    list_filter = ("stage",)
    list_select_related = ("announcement",)
    ordering = ("-pk",)
    paginator = DeepPaginator
