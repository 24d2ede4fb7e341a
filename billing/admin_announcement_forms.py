"""What operators fill in about announcements: the draft, and what they say before it is published, added to, ended."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from billing.announcing import publishing
from billing.announcing.notices import Notice, Shown
from billing.models import Announcement, AnnouncementUpdate
from catalog.admin_acts import Dialog, asked_why

__all__ = ["END", "PUBLISH", "SAY", "DraftForm", "Preview", "preview"]

MOST_WORKSPACES = 500


@dataclass(frozen=True)
class Preview:
    """The banner as customers see it, how many workspaces do, and whom it names."""

    shown: Shown
    reached: int
    whom: str
    public: bool


def preview(announcement: Announcement) -> Preview:
    """Return what customers see of an announcement."""
    last = announcement.updates.order_by("-pk").first()
    notice = Notice(
        **{name: getattr(announcement, name) for name in _SAME},
        over_at=announcement.ended_at,
        stage=last.stage if last else "",
        said=last.text if last else "",
        said_at=last.made_at if last else None,
        plans=(),
        workspaces=(),
    )
    over = announcement.ended_at is not None
    return Preview(
        Shown(notice, over), publishing.reached(announcement), _whom(announcement), announcement.public
    )


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """What an announcement says, and to whom: those named fit its audience."""

    class Meta:
        model = Announcement
        fields = (
            *("severity", "title", "consequence", "link_text", "link_url", "audience", "public"),
            *("plans", "workspaces", "begins_at", "ends_at"),
        )
        labels: ClassVar[dict[str, str]] = {
            "consequence": "What follows",
            "link_text": "Link, its words",
            "link_url": "Link, its address",
            "audience": "Who sees it",
        }

    def clean(self) -> dict[str, Any]:
        """Refuse those named whom the audience leaves out, and an audience that names nobody."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        audience = cleaned.get("audience")
        for name in ("plans", "workspaces"):
            named = cleaned.get(name)
            if named is not None and named.exists() and audience != name:
                self.add_error(name, f"Leave this empty, or choose {name.capitalize()} as who sees it.")
            elif named is not None and not named.exists() and audience == name:
                self.add_error(name, "Name at least one.")
        if len(cleaned.get("workspaces") or ()) > MOST_WORKSPACES:
            self.add_error("workspaces", f"At most {MOST_WORKSPACES}; choose plans, or everyone.")
        if cleaned.get("link_url") and not (
            cleaned["link_url"].isascii() and cleaned["link_url"].isprintable()
        ):
            self.add_error("link_url", "Only ASCII characters; write others percent-encoded.")
        return cleaned


class ReasonForm(Dialog):
    """Asks why."""

    reason = asked_why("Kept in the list of changes; customers do not see it.")


class PublishForm(ReasonForm):
    """Asks why, below the banner and the number of workspaces that will see it."""

    form_before_template = "admin/alerts/preview.html"

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """Return what is shown above the fields."""
        found = Announcement.objects.filter(pk=object_id or 0).first()
        return {"preview": preview(found) if found is not None else None}


class SayForm(Dialog):
    """Asks how far it is, and what customers read about it."""

    stage = forms.ChoiceField(
        label="How far it is",
        choices=AnnouncementUpdate.Stage.choices,
        widget=UnfoldAdminSelectWidget(choices=AnnouncementUpdate.Stage.choices),
        help_text="Resolved ends it; it stays as news for 24 hours.",
    )
    text = forms.CharField(
        label="What customers read", max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


PUBLISH = ActionDialog(
    title="Publish this announcement?",
    description="Customers see it on every page of the dashboard. From then on it can be added to and ended, not changed.",
    form_class=PublishForm,
    form_submit_text="Publish",
)
SAY = ActionDialog(
    title="Add an update",
    description="It stands in the banner instead of what was said before, and stays in the list of announcements.",
    form_class=SayForm,
    form_submit_text="Say it",
)
END = ActionDialog(
    title="End this announcement?",
    description="It leaves the pages; incidents stay as news for 24 hours. To say how it ended, add an update that resolves it.",
    form_class=ReasonForm,
    form_submit_text="End it",
)

_SAME = (
    *("id", "severity", "title", "consequence", "link_text", "link_url", "audience", "public", "begins_at"),
)


def _whom(announcement: Announcement) -> str:
    match announcement.audience:
        case Announcement.Audience.PLANS:
            return ", ".join(announcement.plans.order_by("rank").values_list("name", flat=True)[:20])
        case Announcement.Audience.WORKSPACES:
            return ", ".join(announcement.workspaces.order_by("name").values_list("name", flat=True)[:20])
    return "everyone"
