"""What operators fill in about proposals: why they are approved or rejected, what a new model is, and what to compare."""

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from .admin_acts import Dialog, asked_why
from .admin_proposal_panel import panel
from .models import Model, Proposal, Provider, Source, Tier
from .proposals.applying import NewModel, kept_sell

__all__ = ["APPROVE", "COMPARE", "REJECT", "ApproveForm", "CompareForm"]

_OF_A_NEW_MODEL = ("public_id", "name", "tier", "context_length", "max_output_tokens")


def _proposal(object_id: int | str | None) -> Proposal | None:
    rows = Proposal.objects.select_related("provider", "model", "cost_version", "sell_version", "drafted")
    return rows.filter(pk=object_id or 0).first()


class ReasonForm(Dialog):
    """Why something is decided, in a sentence for those who look at it later."""

    reason = asked_why("Kept with the proposal and in the list of changes.")
    form_before_template = "admin/proposals/panel.html"

    def get_before_template_context(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> dict[str, Any]:
        """Return what is shown above the fields."""
        proposal = _proposal(object_id)
        return {"in_dialog": True, "panel": panel(proposal) if proposal is not None else None}


class ApproveForm(ReasonForm):
    """Why a proposal is approved, whether the sell price follows, and of a new model what it shall be here."""

    sell_too = forms.BooleanField(
        label="The sell price follows, so that the margin stays", required=False, widget=UnfoldBooleanWidget()
    )
    public_id = forms.CharField(
        label="Its id here", max_length=128, widget=UnfoldAdminTextInputWidget(), help_text="author/name"
    )
    name = forms.CharField(max_length=128, widget=UnfoldAdminTextInputWidget())
    tier = forms.ChoiceField(choices=Tier.choices, widget=UnfoldAdminSelectWidget(choices=Tier.choices))
    context_length = forms.IntegerField(
        min_value=1, max_value=2**31 - 1, widget=UnfoldAdminIntegerFieldWidget(), help_text="Tokens."
    )
    max_output_tokens = forms.IntegerField(
        label="Greatest answer",
        min_value=0,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Tokens.",
    )
    field_order = ("sell_too", *_OF_A_NEW_MODEL, "reason")

    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        proposal = _proposal(object_id)
        if proposal is None or proposal.held or kept_sell(proposal) is None:
            del self.fields["sell_too"]
        if proposal is None or proposal.kind != Proposal.Kind.NEW:
            for name in _OF_A_NEW_MODEL:
                del self.fields[name]
        else:
            self._begin(proposal)

    def _begin(self, proposal: Proposal) -> None:
        said, there = proposal.after, proposal.upstream_model
        begun = {
            "public_id": there if "/" in there else f"{proposal.provider.slug}/{there}",
            "name": said.get("name") or there,
            "tier": Tier.PREMIUM.value,
            "context_length": said.get("context"),
            "max_output_tokens": said.get("max_output"),
        }
        for name, value in begun.items():
            self.fields[name].initial = value

    def clean_public_id(self) -> str:
        """Refuse an id that a model has already."""
        public_id = str(self.cleaned_data["public_id"])
        if Model.objects.filter(public_id=public_id).exists():
            raise forms.ValidationError("A model has this id already.")
        return public_id

    def clean(self) -> dict[str, Any]:
        """Refuse an answer that its context does not hold."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        context, output = cleaned.get("context_length"), cleaned.get("max_output_tokens")
        if context is not None and output is not None and output > context:
            self.add_error("max_output_tokens", "An answer is no longer than the context that holds it.")
        return cleaned

    def new_model(self) -> NewModel | None:
        """Return what was said of a new model; None of another proposal."""
        said = {name: self.cleaned_data[name] for name in _OF_A_NEW_MODEL if name in self.fields}
        return NewModel(**{**said, "tier": Tier(said["tier"])}) if said else None


class CompareForm(Dialog):
    """Which provider is compared with what is listed for it, and by whom it is listed."""

    provider = forms.ModelChoiceField(Provider.objects.order_by("name"), widget=UnfoldAdminSelectWidget())
    source = forms.ChoiceField(
        choices=Source.choices,
        widget=UnfoldAdminSelectWidget(choices=Source.choices),
        help_text="The provider's own list is asked for with a key of ours, at no cost.",
    )


APPROVE = ActionDialog(
    title="Approve this proposal?", description="", form_class=ApproveForm, form_submit_text="Approve"
)
REJECT = ActionDialog(
    title="Reject this proposal?",
    description="The same figure is not proposed again until the source has said another.",
    form_class=ReasonForm,
    form_submit_text="Reject",
)
COMPARE = ActionDialog(
    title="Compare with a list",
    description="It is done within half a minute. What differs becomes proposals; nothing else changes.",
    form_class=CompareForm,
    form_submit_text="Compare",
)
