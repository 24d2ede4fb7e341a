"""The roof: settings, addresses, the server's application and the task queue; may use everything."""

from .celery import app as celery_app

__all__ = ["celery_app"]
