"""Where the page Activity is."""

from django.urls import path

from . import views

urlpatterns = [
    path("dashboard/activity", views.activity, name="activity"),
    path("dashboard/activity.csv", views.as_csv, name="activity_csv"),
    path("dashboard/activity.json", views.as_json, name="activity_json"),
]
