"""How a change that a domain function makes in a person's name is written down: in Django's list, and in the trail."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from kernel import deeds

__all__ = ["note"]


def note(row: Model, said: str, *, by: int) -> None:
    """Write down what the person with this id did to a row, in the transaction that does it."""
    LogEntry.objects.create(
        user_id=by,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=said,
    )
    deeds.tell(deeds.Deed("change", row, said, actor_id=by))
