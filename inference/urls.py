"""The map of the inference door."""

from django.urls import path

from .api import api
from .hub.api import api as hub

urlpatterns = [path("v1/", api.urls), path("", hub.urls)]
