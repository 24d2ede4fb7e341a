"""What the pages of a team ask for: an address with a role, a workspace's name and zone, a word to be sure."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import Member, Workspace

__all__ = ["InviteForm", "NameForm", "SettingsForm", "SureForm"]


class InviteForm(forms.Form):
    """Asks for an address and a role out of those that may be given."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role")

    def __init__(self, *args: Any, giving: list[tuple[str, str]], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["role"].choices = giving  # type: ignore[attr-defined]  # a ChoiceField has them
        self.fields["role"].initial = Member.Role.DEVELOPER


class NameForm(forms.Form):
    """Asks what a new workspace is called."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text="Your company, team or project. It can be changed later.",
    )


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Asks for what a workspace is called, in which zone its days are told, and whether its use is counted in public; no more."""

    class Meta:
        model = Workspace
        fields = ("name", "time_zone", "in_rankings")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "time_zone": forms.TextInput(attrs={"autocomplete": "off", "list": "zones"}),
        }
        help_texts = {
            "time_zone": "Clocks and days on your pages, such as Europe/Berlin. Limits and papers go by UTC."
        }

    @property
    def zones(self) -> list[str]:
        """Return the zones to choose from."""
        return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


class SureForm(forms.Form):
    """Asks for a word to be typed, so that nobody deletes by a slip."""

    typed = forms.CharField(max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, word: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self._word = word
        self.fields["typed"].label = f"Type {word} to be sure"

    def clean_typed(self) -> str:
        """Refuse another word."""
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != self._word:
            raise forms.ValidationError(f"Type {self._word} as it is written.")
        return typed
