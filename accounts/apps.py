"""Django's name for the accounts; who keeps the trail, what ends with a session, when the roles get their rights."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep what people do, and see what changes by it."""
        from kernel import deeds

        from . import passes, person_told, trail, trail_seen

        deeds.keep_with(trail.keep)
        trail_seen.watch_with(trail.sight)
        person_told.listen()
        passes.end_with_sessions()
        # After Django's own receiver, which makes the permissions: it is connected by an app further up.
        post_migrate.connect(_give_rights, dispatch_uid="roles")


def _give_rights(sender: AppConfig, using: str, **_: Any) -> None:
    from . import roles

    if using == "default" and sender.models_module is not None:
        roles.keep_in_step(sender.label)
