"""The keys we hold at providers: several per endpoint, taken in turn, each set aside when its provider refuses it."""

from django.db import models
from django.db.models import Q

from kernel import clock

from .route import Endpoint

__all__ = ["EndpointKey"]


class EndpointKey(models.Model):
    """One key of ours at an endpoint; kept sealed, never shown.

    Set aside, it is no longer sent until an operator takes it up again. It still makes its endpoint a configured one.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=64, default="default")
    sealed = models.BinaryField(editable=False)
    hint = models.CharField(max_length=16, blank=True, editable=False, help_text="Last four characters.")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    set_aside_at = models.DateTimeField(null=True, blank=True, editable=False)
    set_aside_reason = models.CharField(max_length=200, blank=True, editable=False)
    failures = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often in a row it was refused before it was set aside."
    )

    class Meta:
        verbose_name = "key of ours"
        verbose_name_plural = "keys of ours"
        ordering = ["endpoint", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "name"], name="endpoint_key_once_by_name"),
            models.CheckConstraint(condition=~Q(sealed=b""), name="endpoint_key_is_kept"),
            models.CheckConstraint(
                condition=Q(set_aside_at__isnull=True, set_aside_reason="", failures=0)
                | (Q(set_aside_at__isnull=False) & ~Q(set_aside_reason="")),
                name="endpoint_key_set_aside_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id and self.endpoint} {self.name} {self.hint}".rstrip()
