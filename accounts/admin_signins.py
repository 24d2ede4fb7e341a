"""The operator's pages of sign-ins for tokens and of second factors: what there is, and how it is ended."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin_page import DeepPaginator, ReadOnlyPage, moment

from . import signins
from .admin_people import is_operator
from .models import SignIn

admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


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
    ordering = ("-created_at", "-id")
    paginator = DeepPaginator
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
        """Allow who may delete second factors; those of operators only to superusers."""
        allowed = request.user.has_perm("mfa.delete_authenticator")
        return allowed and (request.user.is_superuser or obj is None or not is_operator(obj.user))

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Take a second factor away, and with it every session that it opened."""
        super().delete_model(request, obj)
        signins.end_everywhere(obj.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        """Take each of them away."""
        for factor in queryset.select_related("user"):
            self.delete_model(request, factor)
