"""How an operator enters and takes away a workspace's own keys at providers: what is asked, and the list without secrets."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from catalog import credentials
from catalog.admin_acts import Dialog
from catalog.admin_page import Inline, moment
from catalog.models import Provider

from .models import ProviderKey

__all__ = ["SET_OWN_KEY", "TAKE_OWN_KEY", "OwnKeysInline"]


class OwnKeysInline(Inline):
    """A workspace's own keys at providers, on its page."""

    model = ProviderKey
    fields = readonly_fields = (
        "provider",
        "hint",
        moment("created_at", "Entered"),
        "created_by",
    )
    verbose_name_plural = "Own keys at providers"
    can_delete = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderKey]:
        """Return the keys in use."""
        rows: QuerySet[ProviderKey] = super().get_queryset(request)
        return rows.filter(active=True).select_related("provider", "created_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a key is entered by a dialog of its own, and never shown again."""
        return False


class SetOwnKeyForm(Dialog):
    """Asks for a provider and the workspace's key there."""

    provider = forms.ModelChoiceField(
        queryset=Provider.objects.all(), empty_label=None, widget=UnfoldAdminSelectWidget()
    )
    secret = forms.CharField(
        label="Key",
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Sealed when it is saved, and never shown again.",
    )

    def clean_secret(self) -> str:
        """Refuse what cannot be a key."""
        secret = str(self.cleaned_data["secret"])
        credentials.check_secret(secret)
        return secret


class TakeOwnKeyForm(Dialog):
    """Asks at which provider the workspace's key is taken away."""

    provider = forms.ModelChoiceField(
        queryset=Provider.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        kept = ProviderKey.objects.filter(workspace_id=object_id, active=True).values("provider")
        self.fields["provider"].queryset = Provider.objects.filter(pk__in=kept)


SET_OWN_KEY = ActionDialog(
    title="Set the workspace's own key",
    description="Its calls to that provider go out with this key within two seconds, in the place of ours.",
    form_class=SetOwnKeyForm,
    form_submit_text="Set key",
)
TAKE_OWN_KEY = ActionDialog(
    title="Take an own key away",
    description="Its secret is erased. The workspace's calls to that provider go out with our key again, at our prices.",
    form_class=TakeOwnKeyForm,
    form_submit_text="Take away",
)
