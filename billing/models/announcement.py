"""What operators announce: news, incidents, and what concerns money or access, each with what became of it."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Workspace
from catalog.models import Plan
from kernel import clock

__all__ = ["Announcement", "AnnouncementUpdate"]


class Announcement(models.Model):
    """One announcement. Once it is published people have read it: from then on it can be added to and ended, no more."""

    class Severity(models.TextChoices):
        NEWS = "news", "News"
        INCIDENT = "incident", "Incident"
        ACCESS = "access", "Money or access"

    class Audience(models.TextChoices):
        EVERYONE = "everyone", "Everyone"
        PLANS = "plans", "Plans"
        WORKSPACES = "workspaces", "Workspaces"

    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.INCIDENT)
    title = models.CharField(
        max_length=120, help_text="The fact, as a sentence: route/kimi-k2.5 answers slowly."
    )
    consequence = models.CharField(
        max_length=400, blank=True, help_text="What follows for the reader: Prices are unchanged."
    )
    link_text = models.CharField(max_length=40, blank=True, help_text="One or two words: See, Add credit.")
    link_url = models.CharField(
        max_length=300, blank=True, help_text="An address with https://, or one of ours from / on."
    )
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.EVERYONE)
    plans = models.ManyToManyField(Plan, blank=True, related_name="+")
    workspaces = models.ManyToManyField(Workspace, blank=True, related_name="+")
    public = models.BooleanField(
        "also on the public pages", default=False, help_text="Docs, trust, and who is not signed in."
    )
    begins_at = models.DateTimeField("from", default=clock.now, help_text="UTC.")
    ends_at = models.DateTimeField("until", null=True, blank=True, help_text="UTC; empty: until it is ended.")
    drafted_by = models.CharField(max_length=254, editable=False)
    drafted_at = models.DateTimeField(default=clock.now, editable=False)
    published_by = models.CharField(max_length=254, editable=False, default="")
    published_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.CharField(max_length=254, editable=False, default="")
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-begins_at", "-pk"]
        indexes = [models.Index(fields=["-begins_at", "-id"], name="announcement_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(public=False) | Q(audience="everyone"),
                name="announcement_public_is_for_everyone",
                violation_error_message="What is on the public pages is for everyone.",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="announcement_ends_after_it_begins",
                violation_error_message="It must end after it begins.",
            ),
            models.CheckConstraint(
                condition=Q(link_url="", link_text="") | (~Q(link_url="") & ~Q(link_text="")),
                name="announcement_link_has_words",
                violation_error_message="A link has both, words and an address.",
            ),
            models.CheckConstraint(
                condition=Q(link_url="")
                | Q(link_url__regex=r"^(https://[A-Za-z0-9]|/([^/\\\s]|$))[^\\\s]*$"),
                name="announcement_link_leads_somewhere",
                violation_error_message="A link begins with https:// or with one /.",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, published_by="")
                | (Q(published_at__isnull=False) & ~Q(published_by="")),
                name="announcement_published_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False, published_at__isnull=False) & ~Q(ended_by="")),
                name="announcement_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AnnouncementUpdate(models.Model):
    """What became of an incident, said once and never changed."""

    class Stage(models.TextChoices):
        INVESTIGATING = "investigating", "Investigating"
        IDENTIFIED = "identified", "Identified"
        WATCHING = "watching", "Watching"
        RESOLVED = "resolved", "Resolved"

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="updates")
    stage = models.CharField(max_length=13, choices=Stage.choices)
    text = models.CharField(max_length=500)
    by = models.CharField(max_length=254)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.announcement}, {self.stage}"
