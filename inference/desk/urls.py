"""The map of the desk."""

from django.urls import path

from ..hub.desk import api as hub
from .api import api

urlpatterns = [path("v1/", api.urls), path("", hub.urls)]
