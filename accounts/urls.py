"""The map of the routes by which tokens are had and ended."""

from django.urls import path

from . import rest

urlpatterns = [
    path("login", rest.Login.as_view()),
    path("refresh", rest.Refresh.as_view()),
    path("logout", rest.Logout.as_view()),
]
