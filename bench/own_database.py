"""What a bench works in: engines, Django, and an empty database of its own, which is dropped at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from kernel import engines

__all__ = ["own_database"]


@contextmanager
def own_database() -> Iterator[None]:
    """Have Django with an empty database; what imports models is imported within."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with engines.borrowed("run"):
        import django

        django.setup()
        from django.db import connections
        from django.test.utils import setup_databases, teardown_databases

        old = setup_databases(verbosity=0, interactive=False, aliases=None)
        try:
            yield
        finally:
            connections.close_all()
            teardown_databases(old, verbosity=0)
