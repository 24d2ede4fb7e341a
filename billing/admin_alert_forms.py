"""What operators fill in about alerts: where they go, with a secret that goes in and never comes out, and when."""

from typing import Any, ClassVar

from django import forms
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget

from billing.alerting import signing
from billing.alerting.kinds import KINDS
from billing.alerting.reading import Unit
from billing.models import AlertChannel, AlertRule
from catalog import credentials
from catalog.admin_page import table

__all__ = ["ChannelForm", "RuleForm", "kinds_explained"]

_UNITS = {
    Unit.COUNT: "their number",
    Unit.SECONDS: "seconds",
    Unit.MINUTES: "minutes",
    Unit.PERCENT: "percent",
    Unit.TIMES: "times",
}


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Asks for what the channel's kind needs, and for nothing else."""

    secret = forms.CharField(
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "new-password", "placeholder": "replaces what is kept"}
        ),
        help_text="As Standard Webhooks has it: whsec_ and 24 to 64 bytes in base64. Sealed, and never shown again.",
    )

    class Meta:
        model = AlertChannel
        fields = ("name", "kind", "people", "groups", "address", "private", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.sealed:
            self.fields["secret"].widget.attrs["placeholder"] = ""

    def clean_secret(self) -> str:
        """Refuse what no receiver could check."""
        secret = str(self.cleaned_data["secret"])
        if secret:
            try:
                signing.check_secret(secret)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return secret

    def clean(self) -> dict[str, Any]:
        """Refuse a webhook without address or secret, and people of a webhook; then seal the secret."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") == AlertChannel.Kind.WEBHOOK:
            self._clean_webhook(cleaned)
        else:
            for name in ("address", "secret"):
                if cleaned.get(name):
                    self.add_error(name, "Leave this empty: mails go to people.")
            self.instance.sealed = b""
        return cleaned

    def _clean_webhook(self, cleaned: dict[str, Any]) -> None:
        for name in ("people", "groups"):
            if cleaned.get(name):
                self.add_error(name, "Leave this empty: a webhook goes to its address.")
        if not cleaned.get("address"):
            self.add_error("address", "Say where it goes.")
        if cleaned.get("secret"):
            self.instance.sealed = credentials.encrypt(cleaned["secret"])
        elif not self.instance.sealed and "secret" not in self.errors:
            self.add_error("secret", "The receiver checks who sends: enter a secret.")


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Asks when a rule holds; what its figure means depends on its kind."""

    class Meta:
        model = AlertRule
        fields = ("name", "kind", "threshold", "minutes", "channels", "quiet_from", "quiet_until", "active")
        help_texts: ClassVar[dict[str, str]] = {
            "threshold": "In the unit of what is measured, as listed below."
        }


def kinds_explained() -> SafeString:
    """Return what each kind measures, and in which unit."""
    rows = (
        (choice.label, f"Holds while {KINDS[choice].says}.", _UNITS[KINDS[choice].unit])
        for choice in AlertRule.Kind
    )
    return table(("Kind", "When", "Threshold in"), rows, figures_from=9)
