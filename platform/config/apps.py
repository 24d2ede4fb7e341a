"""Django's name for the roof, and what `manage.py check --deploy` asks of its settings."""

from django.apps import AppConfig
from django.core import checks


class RoofConfig(AppConfig):
    name = "config"
    verbose_name = "Site"

    def ready(self) -> None:
        """Have the settings looked at before a site is opened to customers."""
        from .sense import settings_make_sense

        checks.register(settings_make_sense, checks.Tags.security, deploy=True)
