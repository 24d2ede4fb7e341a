"""When the admin's pages are loaded: with the site's addresses, or to be checked. Workers and commands do without them.

They are a third of what a process imports.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks

__all__ = ["AdminPages"]


class AdminPages(SimpleAdminConfig):
    """Django's admin, whose pages `config.urls` loads."""

    def ready(self) -> None:
        """Have the pages checked with everything else."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    admin.autodiscover()
    return check_admin_app(app_configs, **kwargs)
