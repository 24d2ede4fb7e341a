"""The operator's pages of people: who they are, what they may do here, the addresses they sign in with, their seats."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.dataclasses import ActionDialog
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from catalog.admin_acts import ReasonForm, action
from catalog.admin_page import Inline, Page, go_to, moment

from . import admin_roles, roles, signins
from .models import Member, User

__all__ = ["MembersInline"]

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


SIGN_OUT = ActionDialog(
    title="Sign this person out everywhere?",
    description="Every browser session and every sign-in for tokens ends. Their password and their keys stay.",
    form_class=ReasonForm,
    form_submit_text="Sign out",
)


def is_operator(person: User) -> bool:
    """Tell whether somebody works here."""
    return person.is_staff or person.is_superuser


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
    actions_detail = ("sign_out",)
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save what belongs to a person; whose rights changed signs in again, everywhere."""
        super().save_related(request, form, formsets, change)
        if change and {*RIGHTS, "is_active"} & set(form.changed_data):
            signins.end_everywhere(form.instance)

    def has_sign_out_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Allow whoever may end sign-ins."""
        return request.user.has_perm("accounts.change_signin")

    @action(
        description="Sign out everywhere", permissions=("sign_out",), url_path="sign-out", dialog=SIGN_OUT
    )
    def sign_out(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """End all sessions and sign-ins of a person."""
        person = User.objects.get(pk=object_id)
        signins.end_everywhere(person)
        self.log_change(request, person, f"Signed out everywhere: {form.cleaned_data['reason']}")
        messages.success(request, f"{person} is signed out everywhere, and can sign in again.")
        return go_to(request, reverse("admin:accounts_user_change", args=[object_id]))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what is not to be changed: rights are given by superusers, and by nobody to themselves.

        Nor is the address: who has mail sent to another one can set that person's password.
        """
        kept = tuple(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            return (*kept, *RIGHTS) if obj is None else (*kept, *RIGHTS, "email")
        return (*kept, *RIGHTS) if obj is not None and obj.pk == request.user.pk else kept

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow superusers, and for customers whoever may change people: who sends an operator's mail elsewhere is that operator."""
        allowed = bool(super().has_change_permission(request, obj))
        return allowed and (request.user.is_superuser or obj is None or not is_operator(obj))

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  # Django's address names it so
        form_url: str = "",
    ) -> HttpResponse:
        """Change somebody's password. Raises PermissionDenied for whoever is no superuser: it opens all that is theirs."""
        if not request.user.is_superuser:
            raise PermissionDenied
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        return answer


@admin.register(Group)
class GroupPage(GroupAdmin, Page):  # type: ignore[misc]  # generic for the checker only
    """A set of permissions that operators share; those of the roles are as the product declares them."""

    readonly_fields = ("may",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Return the groups with their rights, each of which is written with the app that it is of."""
        rights = Permission.objects.select_related("content_type")
        groups: QuerySet[Group] = super().get_queryset(request)
        return groups.prefetch_related(Prefetch("permissions", rights))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the rights to choose from for whoever may change them, and in words for all others."""
        changes = obj is None or self.has_change_permission(request, obj)
        return ("name", "permissions" if changes else "may")

    @admin.display(description="May")
    def may(self, group: Group) -> str:
        """Say what its rights let somebody do."""
        told = admin_roles.in_words(group.permissions.all())
        lines = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", told)
        return format_html('<dl class="role-list role-rights">{}</dl>', lines) if told else "nothing"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow superusers: whoever makes groups gives rights."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow superusers, but for the groups of roles."""
        return bool(request.user.is_superuser) and not roles.is_role(obj)


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
