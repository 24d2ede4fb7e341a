"""Django's name for the engine, and the check that what it sells can be meant."""

from django.apps import AppConfig
from django.core import checks


class InferenceConfig(AppConfig):
    name = "inference"
    verbose_name = "Inference"

    def ready(self) -> None:
        """Have `manage.py check` look at the catalogue."""
        from catalog.checks import catalogue_agrees

        checks.register(catalogue_agrees)
