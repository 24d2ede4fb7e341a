"""The OpenAPI document of what REST framework serves, at /api/schema."""

from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView

from accounts.rest_route import Route

__all__ = ["ApiDocument"]


class ApiDocument(Route, SpectacularAPIView):
    """The document, which refuses as every other route does."""

    renderer_classes = (OpenApiJsonRenderer2,)  # type: ignore[assignment]  # where it is a list
    http_method_names = ("get", "head")
