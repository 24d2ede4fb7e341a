"""The operator's pages of customers: people, workspaces, members and keys; and the record of operators' changes."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from catalog.admin_page import Inline, Page, ReadOnlyPage, figure, go_to, moment

from . import admin_signins as admin_signins  # registers its pages
from . import keys, provider_keys
from .admin_own_keys import SET_OWN_KEY, TAKE_OWN_KEY, OwnKeysInline
from .models import ApiKey, Member, User, Workspace

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


class PersonForm(UserChangeForm):  # type: ignore[misc]  # unfold has no types
    """A person's facts; the password is changed on a page of its own."""

    class Meta:
        model = User
        fields = "__all__"


class NewPersonForm(UserCreationForm):  # type: ignore[misc]
    """A new person: an e-mail address, a name, and a password or none."""

    email = forms.EmailField(widget=UnfoldAdminEmailInputWidget())

    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        """Refuse an address that exists already in other letters."""
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("There is a person with this address already.")
        return email


@admin.register(User)
class PersonPage(UserAdmin, Page):  # type: ignore[type-arg,misc]  # generic for the checker only
    """A person, with what they may do here."""

    form, add_form, change_password_form = PersonForm, NewPersonForm, AdminPasswordChangeForm
    list_display = (
        "email",
        "name",
        "is_active",
        "is_staff",
        moment("last_login", "Last seen"),
        moment("date_joined", "Joined"),
    )
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": (("email", "name"), "password", "is_active")}),
        ("Operator", {"fields": (("is_staff", "is_superuser"), "groups", "user_permissions")}),
        ("Record", {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)


@admin.register(Group)
class GroupPage(GroupAdmin, Page):  # type: ignore[misc]  # generic for the checker only
    """A set of permissions that operators share."""


@admin.register(EmailAddress)
class EmailAddressPage(Page):
    """An address that a person signs in with."""

    list_display = ("email", "user", "primary", "verified")
    list_filter = ("verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email", "user__email")
    autocomplete_fields = ("user",)


class MembersInline(Inline):
    """Who belongs to a workspace."""

    model = Member
    fields = ("user", "role", "joined_at")
    readonly_fields = ("joined_at",)
    autocomplete_fields = ("user",)


class KeysInline(Inline):
    """The keys of a workspace."""

    model = ApiKey
    fields = readonly_fields = (
        "name",
        "prefix",
        "last_four",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    show_change_link = True
    can_delete = False
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Return the keys, without the rows that usage of persons is written under."""
        rows: QuerySet[ApiKey] = super().get_queryset(request)
        return rows.filter(person=None)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a key is minted where its secret can be shown to its owner."""
        return False


@admin.register(Workspace)
class WorkspacePage(Page):
    """A customer: plan, status, members and keys. Its money is on its account's page."""

    list_display = (
        "name",
        "slug",
        "plan_version",
        "status",
        figure("keys", "Keys", lambda row: row.keys_in_use),
        "account",
        moment("created_at", "Since", order=True),
    )
    list_filter = ("status", "plan_version__plan")
    list_select_related = ("plan_version__plan",)
    search_fields = ("name", "slug")
    readonly_fields = ("account", "created_at")
    autocomplete_fields = ("plan_version",)
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("plan_version", "status"), "time_zone")}),
        ("Record", {"fields": (("account", "created_at"),)}),
    )
    inlines = (MembersInline, KeysInline, OwnKeysInline)
    actions_detail = ("set_own_key", "take_own_key")

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        """Return what never changes; the slug is in addresses once it exists."""
        return (*self.readonly_fields, "slug") if obj is not None else self.readonly_fields

    def prepare(self, rows: Any) -> None:
        """Count the keys in use: one query for the page."""
        in_use = ApiKey.objects.filter(workspace__in=rows, revoked_at=None).order_by()
        counts = dict(in_use.values_list("workspace").annotate(Count("pk")))
        for row in rows:
            row.keys_in_use = counts.get(row.pk, 0)

    @admin.display(description="Money")
    def account(self, workspace: Workspace) -> str:
        """Show the link to the account, which has the workspace's number."""
        if workspace.pk is None:
            return self.empty_value_display
        address = reverse("admin:billing_account_change", args=[workspace.pk])
        return format_html('<a class="ref" href="{}">Account</a>', address)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Return what can be done here: only a key that is there is taken away."""
        offered = super().get_actions_detail(request, object_id)
        kept = provider_keys.listed(Workspace(pk=object_id)).exists()
        return [each for each in offered if kept or each.path != "take-own-key"]

    def has_own_keys_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Tell whether this operator may enter and take away own keys of customers."""
        return request.user.has_perm("accounts.change_providerkey")

    @action(
        description="Set an own key", permissions=("own_keys",), url_path="set-own-key", dialog=SET_OWN_KEY
    )  # type: ignore[untyped-decorator]
    def set_own_key(self, request: HttpRequest, form: BaseDialogForm, object_id: int) -> HttpResponse:
        """Keep the key that the dialog asked for."""
        workspace, provider = Workspace.objects.get(pk=object_id), form.cleaned_data["provider"]
        key = provider_keys.put(workspace, provider, form.cleaned_data["secret"], by=_operator(request))
        messages.success(
            request, f"Calls of {workspace} to {provider} go out with {key.hint or 'its own key'}."
        )
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))

    @action(
        description="Take an own key away",
        permissions=("own_keys",),
        url_path="take-own-key",
        dialog=TAKE_OWN_KEY,
    )  # type: ignore[untyped-decorator]
    def take_own_key(self, request: HttpRequest, form: BaseDialogForm, object_id: int) -> HttpResponse:
        """Take away the key that the dialog named."""
        workspace, provider = Workspace.objects.get(pk=object_id), form.cleaned_data["provider"]
        if provider_keys.remove(workspace, provider, by=_operator(request)):
            messages.success(request, f"The own key of {workspace} at {provider} is erased.")
        return go_to(request, reverse("admin:accounts_workspace_change", args=[object_id]))


def _operator(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)


@admin.register(ApiKey)
class KeyPage(Page):
    """A key; what it opens can be narrowed or ended here, never widened to a new secret."""

    list_display = (
        "name",
        "shown",
        "workspace",
        "created_by",
        moment("created_at", "Created", order=True),
        moment("expires_at", "Expires"),
        moment("last_used_at", "Last used"),
        "in_use",
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), ("expires_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "prefix", "last_four", "workspace__name", "workspace__slug")
    readonly_fields = ("workspace", "shown", "created_by", "created_at", "revoked_at", "last_used_at")
    fieldsets = (
        (None, {"fields": (("name", "shown"), ("workspace", "created_by"))}),
        ("What it may do", {"fields": ("allowed_models", "default_tag", "expires_at")}),
        ("Record", {"fields": (("created_at", "last_used_at"), "revoked_at")}),
    )
    actions = ("revoke",)

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

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """End the chosen keys; workers hear of it within two seconds."""
        ended = [key for key in queryset if keys.revoke(key)]
        for key in ended:
            self.log_change(request, key, "Revoked.")
        messages.success(request, f"{len(ended)} revoked. Workers refuse them within two seconds.")


@admin.register(Member)
class MemberPage(Page):
    """A person's role in a workspace."""

    list_display = ("user", "workspace", "role", moment("joined_at", "Joined"))
    list_filter = ("role",)
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name", "workspace__slug")
    autocomplete_fields = ("user", "workspace")
    readonly_fields = ("joined_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what the operator's permissions allow: a person can leave a workspace."""
        return bool(super(Page, self).has_delete_permission(request, obj))


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
