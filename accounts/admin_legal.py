"""The operator's page of terms and privacy: every version of the texts, and the way to write the next."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from catalog.admin_page import DeepPaginator, Page, moment

from .legal_texts import newest
from .models import LegalText, User

__all__: list[str] = []


class LegalTextForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Asks for the whole text, which begins with its title."""

    class Meta:
        model = LegalText
        fields = ("kind", "text")

    def clean_text(self) -> str:
        """Refuse a text whose first line is no title: the page is called by it."""
        text = str(self.cleaned_data["text"]).strip().replace("\r\n", "\n")
        if not text.startswith("# ") or not text.partition("\n")[0][2:].strip():
            raise forms.ValidationError("Begin with a title, such as # Terms.")
        return text + "\n"


@admin.register(LegalText)
class LegalTextPage(Page):
    """Terms and privacy. What is added counts from now; what counted before stays to be read here."""

    form = LegalTextForm
    list_display = ("kind", moment("written_at", "Written"), "written_by", "begins")
    list_filter = ("kind",)
    list_select_related = ("written_by",)
    search_fields = ("text", "written_by__email")
    ordering = ("-pk",)
    paginator = DeepPaginator

    @admin.display(description="Begins")
    def begins(self, text: LegalText) -> str:
        """Show its first words behind the title."""
        return " ".join(text.text.partition("\n")[2].split())[:80]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin from the text in force, if the address says of which kind."""
        initial = super().get_changeform_initial_data(request)
        found = newest(str(initial.get("kind", "")))
        return {**initial, "text": found.text} if found else dict(initial)

    def has_change_permission(self, request: HttpRequest, obj: LegalText | None = None) -> bool:
        """Refuse: people have read it. Another one is added."""
        return False

    def save_model(self, request: HttpRequest, obj: LegalText, form: Any, change: bool) -> None:
        """Keep who wrote it."""
        assert isinstance(request.user, User)  # the admin lets nobody else in
        obj.written_by = request.user
        super().save_model(request, obj, form, change)
