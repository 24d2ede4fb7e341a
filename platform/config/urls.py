"""The map of everything but the inference routes, which `inference.handler` serves."""

from django.contrib import admin
from django.urls import include, path

from . import health

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("billing.urls")),
]
