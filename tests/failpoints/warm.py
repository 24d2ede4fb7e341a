"""What a forked process would otherwise load itself: importing this loads it."""

from django.urls import get_resolver
from uvicorn.lifespan import on as lifespan
from uvicorn.protocols.http import httptools_impl

from inference import tokens

from . import jobs, roles

__all__ = ["httptools_impl", "jobs", "lifespan", "roles"]

tokens.warm()
get_resolver().url_patterns  # noqa: B018
