"""What the management API reads and tells of a key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rest_framework import serializers

from accounts import keys
from accounts.models import ApiKey
from accounts.rest_route import wrong
from billing.budgets import Budget, Period
from billing.keyring.changes import Allowance, Wish

from .fields import AmountAsked, Form, MomentAsked, OneLine, Usd

__all__ = [
    "KeyForm",
    "KeyList",
    "KeyPatch",
    "KeyTold",
    "KeyWithSecret",
    "RotationForm",
    "Shown",
    "amended",
    "wished",
]

RESETS = {"daily": Period.DAY, "weekly": Period.WEEK, "monthly": Period.MONTH}
"""How often a limit begins anew, in the words of /v1; without one it never does."""
_NAMES: Mapping[str, str] = {str(period): reset for reset, period in RESETS.items()}
_FACTS = ("name", "expires_at", "default_tag", "allowed_models")


class KeyPatch(Form):
    """What of a key shall be another; what is not sent stays."""

    name = OneLine(max_length=100, required=False)
    expires_at = MomentAsked(required=False, allow_null=True)
    default_tag = OneLine(max_length=64, required=False, allow_blank=True)
    allowed_models = serializers.ListField(
        child=OneLine(max_length=128), min_length=1, max_length=100, required=False, allow_null=True
    )
    limit = AmountAsked(required=False, allow_null=True)
    limit_reset = serializers.ChoiceField(list(RESETS), required=False, allow_null=True)


class KeyForm(KeyPatch):
    """What a new key is to be: null models are all that the plan includes, a null limit is none."""

    name = OneLine(max_length=100)


class RotationForm(Form):
    """For how many seconds the secret before goes on working."""

    grace_seconds = serializers.IntegerField(min_value=0, max_value=keys.LONGEST_GRACE, required=False)

    def validate_grace_seconds(self, value: int) -> int:
        """Refuse a number that was sent as a text."""
        if type(self.initial_data["grace_seconds"]) is not int:
            raise serializers.ValidationError("It must be a whole number.")
        return value


@dataclass(frozen=True, slots=True)
class Shown:
    """A key, its budget, and its secret where it was just made."""

    key: ApiKey
    budget: Budget | None
    secret: str = ""

    @property
    def state(self) -> str:
        """How it stands."""
        return "revoked" if self.key.revoked_at else "expired" if keys.is_over(self.key) else "in_use"

    @property
    def limit_reset(self) -> str | None:
        """How often its limit begins anew, None for never or for no limit."""
        return _NAMES.get(self.budget.period) if self.budget else None

    @property
    def made_by(self) -> str | None:
        """The address of whoever made it."""
        return self.key.created_by.email if self.key.created_by else None


class KeyTold(serializers.Serializer[Shown]):
    """A key without its secret; `limit_remaining` counts what open requests hold."""

    id = serializers.CharField(source="key.pk")
    name = serializers.CharField(source="key.name")
    prefix = serializers.CharField(source="key.prefix")
    last_four = serializers.CharField(source="key.last_four")
    state = serializers.ChoiceField(["in_use", "expired", "revoked"])
    default_tag = serializers.CharField(source="key.default_tag", allow_blank=True)
    allowed_models = serializers.ListField(
        source="key.allowed_models", child=serializers.CharField(), allow_null=True
    )
    limit = Usd(source="budget.limit", allow_null=True)
    limit_remaining = Usd(source="budget.remaining", allow_null=True)
    limit_reset = serializers.ChoiceField(list(RESETS), allow_null=True)
    limit_resets_at = serializers.DateTimeField(source="budget.resets_at", allow_null=True)
    created_by = serializers.CharField(source="made_by", allow_null=True)
    created_at = serializers.DateTimeField(source="key.created_at")
    last_used_at = serializers.DateTimeField(source="key.last_used_at", allow_null=True)
    expires_at = serializers.DateTimeField(source="key.expires_at", allow_null=True)
    revoked_at = serializers.DateTimeField(source="key.revoked_at", allow_null=True)
    previous_key_valid_until = serializers.DateTimeField(source="key.retired_until", allow_null=True)


class KeyWithSecret(KeyTold):
    """A key with its secret, which is told this once."""

    key = serializers.CharField(source="secret")


class KeyList(serializers.Serializer[Any]):
    """Keys, the newest first; `next` goes on, null at the end."""

    data = KeyTold(many=True)  # type: ignore[assignment]  # a field: no `data` of the class is left
    next = serializers.CharField(allow_null=True)


def wished(sent: Mapping[str, Any]) -> Wish:
    """Return what a new key is to be. Raises Refusal for a reset without a limit."""
    return amended(Wish(""), sent)


def amended(standing: Wish, sent: Mapping[str, Any]) -> Wish:
    """Return what a key is to be from now on. Raises Refusal for a reset without a limit."""
    facts = {name: sent[name] for name in _FACTS if name in sent}
    if facts.get("allowed_models") is not None:
        facts["allowed_models"] = tuple(facts["allowed_models"])
    return replace(standing, **facts, allowance=_allowance(standing.allowance, sent))


def _allowance(standing: Allowance | None, sent: Mapping[str, Any]) -> Allowance | None:
    limit = sent.get("limit", standing.limit if standing else None)
    if limit is None:
        if sent.get("limit_reset") is not None:
            raise wrong("limit_reset", "only a limit is renewed; give one.")
        return None
    if "limit_reset" not in sent:
        return Allowance(limit, standing.period if standing else Period.NONE)
    return Allowance(limit, RESETS.get(sent["limit_reset"], Period.NONE))
