"""Where the playground is."""

from django.urls import path

from . import views

urlpatterns = [
    path("dashboard/playground", views.playground, name="playground"),
    path("dashboard/playground/pass", views.hand_pass, name="pass"),
]
