"""Django's name for the money, and what `manage.py check` looks at: payments by card, and the journal."""

from django.apps import AppConfig
from django.core import checks


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Money"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have payments tell the subscriptions, and `manage.py check` look at our settings."""
        from billing.arrears import journal_can_be_written
        from billing.payments import elsewhere
        from billing.payments.keys import payments_are_set_up_whole
        from billing.subscriptions.stripe import Keeper

        elsewhere.listen(Keeper())
        checks.register(payments_are_set_up_whole)
        checks.register(journal_can_be_written)
