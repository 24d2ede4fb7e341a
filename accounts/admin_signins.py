"""The operator's pages of sign-ins for tokens and of second factors: what there is, and how it is ended."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin_page import ReadOnlyPage, moment

from . import signins
from .models import SignIn

admin.site.unregister(Authenticator)


@admin.register(SignIn)
class SignInPage(ReadOnlyPage):
    """A person's sign-in for tokens; ending it ends them all."""

    list_display = (
        "person",
        "workspace",
        moment("created_at", "Since", order=True),
        moment("refreshed_at", "Renewed"),
        moment("expires_at", "Expires"),
        moment("ended_at", "Ended"),
        "ended_by",
    )
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "ended_by")
    list_select_related = ("person", "workspace")
    search_fields = ("person__email",)
    fields = (("person", "workspace"), ("created_at", "refreshed_at", "expires_at"), ("ended_at", "ended_by"))
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Allow who may change sign-ins to end them."""
        return request.user.has_perm("accounts.change_signin")

    @admin.action(description="End", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> None:
        """End the chosen sign-ins; workers hear of it within two seconds."""
        chosen = list(queryset)
        for sign_in in chosen:
            signins.end(sign_in.pk)
            self.log_change(request, sign_in, "Ended.")
        messages.success(request, f"{len(chosen)} ended. Workers refuse their tokens within two seconds.")


@admin.register(Authenticator)
class SecondFactorPage(ReadOnlyPage):
    """A second factor; deleting one helps a person who lost it. Its secret is never shown."""

    list_display = ("user", "type", moment("created_at", "Enrolled"), moment("last_used_at", "Last used"))
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = (("user", "type"), ("created_at", "last_used_at"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow who may delete second factors."""
        return request.user.has_perm("mfa.delete_authenticator")
