"""The map of everything but /v1, which `inference.handler` and `inference.desk` serve."""

from django.contrib import admin
from django.urls import include, path, re_path

from accounts.rest_route import Nowhere

from . import admin_guard, finding, health, metrics
from .api_document import ApiDocument
from .grouped_catalogue import GroupedCatalogue
from .guide import for_agents, legal, set_up

admin.autodiscover()

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("admin/search/", admin.site.admin_view(finding.search)),
    path("admin/login/", admin_guard.to_the_door),
    path("admin/", admin.site.urls),
    path("auth/", include("accounts.urls")),
    path("api/schema", ApiDocument.as_view()),
    path("api/ai/models", GroupedCatalogue.as_view()),
    path("api/", include("billing.managing.urls")),
    re_path(r"^api(?:/[\s\S]*)?$", Nowhere.as_view()),
    path("accounts/", include("accounts.person_urls")),
    path("accounts/", include("allauth.urls")),
    path("llms.txt", for_agents.index, name="llms"),
    path("llms-full.txt", for_agents.everything, name="llms_full"),
    path(".well-known/opencode", for_agents.opencode, name="opencode"),
    path("terms", legal.terms, name="terms"),
    path("privacy", legal.privacy, name="privacy"),
    path("docs/", include("config.guide.urls")),
    path("", include("inference.showcase.urls")),
    path("", include("inference.playing.urls")),
    path("dashboard/set-up", set_up.page, name="set_up"),
    path("", include("billing.urls")),
]
