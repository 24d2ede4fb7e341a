"""How processes notice that the catalogue changed: one row, raised by triggers on every catalogue table."""

from django.db import models
from django.db.models import Q


class CatalogRevision(models.Model):
    """The single row whose number grows with each statement that changes the catalogue."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="catalog_revision_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)
