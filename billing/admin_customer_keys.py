"""The operator's page of customers' keys, with what they may spend: which lie idle, end soon or are nearly spent."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminSelectWidget

from accounts import keys
from accounts.admin_keys import KeyPage
from accounts.admin_workspaces import operator
from accounts.models import ApiKey
from billing.admin_bulk import drafted, narrowed
from billing.budgets import NEARLY_SPENT, Budget, in_workspaces
from billing.bulk import jobs
from billing.models import KeyBudget
from billing.present import now as present
from billing.templatetags.figures import money
from catalog.admin_acts import ReasonForm, action
from catalog.admin_page import NOTHING, DeepPaginator, figure, go_to, moment
from kernel import clock

__all__ = ["CustomerKeyPage"]

DORMANT, ENDING = timedelta(days=90), timedelta(days=14)
NEAR_PERCENT = 80
_GRACES = ((0, "none: it ends at once"), (3600, "one hour"), (86400, "one day"), (604800, "seven days"))


class UseFilter(SimpleListFilter):
    """Narrows to keys that ask for a look."""

    title = "look at"
    parameter_name = "look"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the reasons to look."""
        return [
            ("dormant", f"Not used for {DORMANT.days} days"),
            ("near", f"{NEAR_PERCENT} % of the limit used, or more"),
            ("ending", f"Ends within {ENDING.days} days"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """Return those keys in use that the reason is true of."""
        now, in_use = present(), queryset.filter(revoked_at=None)
        match self.value():
            case "dormant":
                since = now - DORMANT
                unused = Q(last_used_at=None, created_at__lt=since)
                return in_use.filter(Q(last_used_at__lt=since) | unused)
            case "near":
                return in_use.filter(pk__in=RawSQL(NEARLY_SPENT, [clock.minute_number(), NEAR_PERCENT]))
            case "ending":
                return in_use.filter(expires_at__gt=now, expires_at__lte=now + ENDING)
        return queryset


class RotateForm(ReasonForm):
    """Asks how long the secret of now goes on to work, and why."""

    grace_seconds = forms.TypedChoiceField(
        label="The secret of now works on for",
        choices=_GRACES,
        coerce=int,
        initial=86400,
        widget=UnfoldAdminSelectWidget(choices=_GRACES),
    )


admin.site.unregister(ApiKey)


@admin.register(ApiKey)
class CustomerKeyPage(KeyPage):
    """A key with its limit; what it opens can be narrowed or ended here, and its secret renewed."""

    list_display = (
        "name",
        "shown",
        "workspace",
        "state",
        figure("limit", "Limit", lambda key: _limit(key.budget)),
        figure("used", "Used of it", lambda key: _used(key.budget)),
        moment("last_used_at", "Last used"),
        moment("expires_at", "Expires"),
        moment("created_at", "Created"),
    )
    list_filter = (UseFilter, *KeyPage.list_filter)
    ordering = ("-pk",)
    paginator = DeepPaginator
    readonly_fields = (*KeyPage.readonly_fields, "budget")
    fieldsets = (
        (None, {"fields": (("name", "shown"), ("workspace", "created_by"))}),
        ("What it may do", {"fields": ("allowed_models", "default_tag", "expires_at", "budget")}),
        ("Record", {"fields": (("created_at", "last_used_at"), "revoked_at")}),
    )
    actions = ("revoke_many",)
    actions_detail = ("rotate_key", "revoke_key")

    def prepare(self, rows: Any) -> None:
        """Find the limits of the keys: one query for the page."""
        found = in_workspaces(list({row.workspace_id for row in rows}), [row.pk for row in rows])
        for row in rows:
            row.__dict__["budget"] = found.get(row.pk)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        """Show in a word whether it opens anything."""
        if key.revoked_at is not None:
            return format_html('<span class="badge cut">{}</span>', "revoked")
        if key.expires_at is not None and key.expires_at <= clock.now():
            return format_html('<span class="badge cut">{}</span>', "expired")
        return format_html('<span class="badge">{}</span>', "in use")

    @admin.display(description="Limit")
    def budget(self, key: Any) -> SafeString | str:
        """Show what it may spend and what it spent."""
        found: Budget | None = key.__dict__.get("budget")
        return NOTHING if found is None else format_html("{}, used {}", _limit(found), _used(found))

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke_many(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        """Draft the revocation of the chosen keys, or of all that the list is narrowed to."""
        try:
            job = jobs.draft_revoke(queryset, narrowed=narrowed(request), by=operator(request))
        except jobs.NotAllowed as error:
            messages.error(request, str(error))
            return None
        return drafted(request, self, job)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done: nothing with a key that is revoked."""
        in_use = ApiKey.objects.filter(pk=object_id, revoked_at=None, person=None).exists()
        return list(super().get_actions_detail(request, object_id)) if in_use else []

    def has_rotate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may see a new secret of a customer's key."""
        return request.user.has_perm("accounts.rotate_apikey")

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this operator may end keys."""
        return request.user.has_perm("accounts.change_apikey")

    @action(
        description="New secret",
        permissions=("rotate",),
        url_path="rotate",
        dialog=ActionDialog(
            title="Give this key a new secret?",
            description="It is shown once, to you: hand it to the customer in a safe way. That you saw it stands in the trail.",
            form_class=RotateForm,
            form_submit_text="New secret",
        ),
    )
    def rotate_key(self, request: HttpRequest, form: RotateForm, object_id: int) -> HttpResponse:
        """Show the new secret in this answer and nowhere else."""
        key, grace = ApiKey.objects.get(pk=object_id), form.cleaned_data["grace_seconds"]
        before = str(key)
        try:
            secret = keys.rotate(key, grace_seconds=grace)
        except ApiKey.DoesNotExist:
            messages.error(request, "It is revoked: nothing gives it a secret.")
            return go_to(request, reverse("admin:accounts_apikey_change", args=[object_id]))
        self.log_change(request, key, f"New secret, shown to whoever asked: {before} → {key}, grace {grace} s. {form.cleaned_data['reason']}")  # fmt: skip
        context = {"key": key, "secret": secret, "until": key.retired_until}
        return render(request, "admin/workspaces/new_secret.html", context)

    @action(
        description="Revoke",
        permissions=("revoke",),
        url_path="revoke",
        dialog=ActionDialog(
            title="Revoke this key for good?",
            description="Requests with it are refused within two seconds, and its open streams end. This cannot be undone.",
            form_class=ReasonForm,
            form_submit_text="Revoke key",
        ),
    )
    def revoke_key(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """End the key."""
        key = ApiKey.objects.get(pk=object_id)
        if keys.revoke(key):
            self.log_change(request, key, f"Revoked: {form.cleaned_data['reason']}")
            messages.success(request, "Key revoked. Requests with it are refused from now on.")
        return go_to(request, reverse("admin:accounts_apikey_change", args=[object_id]))


def _limit(budget: Budget | None) -> SafeString | str:
    if budget is None:
        return NOTHING
    period = "for good" if budget.period == KeyBudget.Period.NONE else f"a {budget.period}"
    return format_html('{} <span class="dim">{}</span>', money(budget.limit, 2), period)


def _used(budget: Budget | None) -> SafeString | str:
    if budget is None:
        return NOTHING
    kind = "full" if budget.percent >= 100 else "near" if budget.percent >= NEAR_PERCENT else ""
    return format_html(
        '<span class="used {}">{} <span class="dim">{} %</span></span>',
        kind,
        money(budget.spent, 2),
        budget.percent,
    )
