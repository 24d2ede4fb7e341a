"""The operator's pages of people: who they are, what they may do here, the addresses they sign in with, their seats."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from catalog.admin_page import Inline, Page, moment

from .models import Member, User

__all__ = ["MembersInline"]

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
