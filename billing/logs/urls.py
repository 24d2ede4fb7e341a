"""Where the page Logs is."""

from django.urls import path

from . import views

urlpatterns = [
    path("dashboard/logs", views.logs, name="logs"),
    path("dashboard/logs/new", views.new, name="logs_new"),
    path("dashboard/logs/<uuid:request_id>", views.request, name="log"),
]
