"""The row of a workspace's own key at a provider: one in use per provider, kept sealed."""

from django.db import models
from django.db.models import Q

from catalog.models import Provider
from kernel import clock

__all__ = ["ProviderKey"]


class ProviderKey(models.Model):
    """A workspace's own key at a provider, kept sealed and never shown: its calls there go out with it.

    One that was replaced or taken away stays as a record, without its secret.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.PROTECT, related_name="provider_keys"
    )
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField(editable=False)
    hint = models.CharField(max_length=16, blank=True, editable=False, help_text="Last four characters.")
    active = models.BooleanField(default=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", editable=False
    )

    class Meta:
        ordering = ["workspace", "provider__slug", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "provider"],
                condition=Q(active=True),
                name="provider_key_one_in_use_per_workspace",
            ),
            models.CheckConstraint(
                condition=(Q(active=True) & ~Q(sealed=b"")) | Q(active=False, sealed=b""),
                name="provider_key_is_kept_while_in_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id and self.provider} {self.hint}".rstrip()
