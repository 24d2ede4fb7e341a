"""The map of everything but /v1, which `inference.handler` and `inference.desk` serve."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from . import health

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("auth/", include("accounts.urls")),
    path("api/schema", SpectacularJSONAPIView.as_view()),
    path("accounts/", include("allauth.urls")),
    path("docs/", include("config.guide.urls")),
    path("", include("billing.urls")),
]
