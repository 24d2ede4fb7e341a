"""Where the first page, models, prices and the state of the service are."""

from django.urls import path

from . import views

app_name = "showcase"
urlpatterns = [
    path("", views.front, name="front"),
    path("dashboard/models", views.models, name="models"),
    path("dashboard/models.csv", views.table, name="table"),
    path("dashboard/models/<path:name>", views.model, name="model"),
    path("catalog/models", views.for_anybody, name="public_models"),
    path("catalog/models/<path:name>", views.public_model, name="public_model"),
    path("rankings", views.ranked, name="rankings"),
    path("status", views.status, name="status"),
    path("models", views.for_browsers),
]
