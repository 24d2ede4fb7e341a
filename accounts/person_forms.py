"""What a person's own pages ask for: a name, and a word to be sure."""

from django import forms

from .models import User

__all__ = ["DeleteForm", "NameForm"]


class NameForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Asks what a person is called; nothing else of them can be sent."""

    class Meta:
        model = User
        fields = ("name",)
        help_texts = {"name": "Shown to the people of your workspaces."}


class DeleteForm(forms.Form):
    """Asks for the address to be typed, so that nobody deletes by a slip."""

    typed = forms.CharField(
        label="Type your address to be sure",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: object, person: User, **named: object) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]  # handed on as they came
        self._person = person

    def clean_typed(self) -> str:
        """Refuse another address."""
        typed = str(self.cleaned_data["typed"]).strip().lower()
        if typed != self._person.email.lower():
            raise forms.ValidationError("Type the address that you sign in with.")
        return typed
