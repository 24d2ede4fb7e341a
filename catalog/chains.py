"""How the chain of a model changes: by a new version, never in place, because charges name the version they took."""

from django.db import transaction
from django.db.models import Max

from kernel import clock

from .models import Chain, Hop

__all__ = ["NotADraft", "draft_from", "publish"]


class NotADraft(Exception):
    """Only a draft with at least one hop can be published."""


@transaction.atomic
def publish(chain: Chain) -> None:
    """Make a draft the live chain of its model and retire the one before. Raises NotADraft."""
    versions = list(Chain.objects.select_for_update().filter(model_id=chain.model_id).order_by("pk"))
    current = next((version for version in versions if version.pk == chain.pk), None)
    if (
        current is None
        or current.status != Chain.Status.DRAFT
        or not Hop.objects.filter(chain=current).exists()
    ):
        raise NotADraft("Only a draft with at least one hop can be published.")
    Chain.objects.filter(model_id=chain.model_id, status=Chain.Status.LIVE).update(
        status=Chain.Status.RETIRED
    )
    current.status, current.published_at, current.publish_at = Chain.Status.LIVE, clock.now(), None
    current.save(update_fields=["status", "published_at", "publish_at"])


@transaction.atomic
def draft_from(chain: Chain) -> Chain:
    """Return a new draft, the model's next version, with the same hops."""
    Chain.objects.select_for_update().get(pk=chain.pk)
    newest = Chain.objects.filter(model_id=chain.model_id).aggregate(Max("version"))["version__max"]
    draft = Chain.objects.create(model_id=chain.model_id, version=newest + 1)
    Hop.objects.bulk_create(
        [
            Hop(
                chain=draft,
                position=hop.position,
                endpoint_id=hop.endpoint_id,
                upstream_model=hop.upstream_model,
                plan_ranks_from=hop.plan_ranks_from,
            )
            for hop in Hop.objects.filter(chain=chain)
        ]
    )
    return draft
