"""Where the customer's pages are."""

from django.urls import path
from django.views.generic import RedirectView

from billing import views

app_name = "dashboard"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:home"), name="door"),
    path("dashboard/", views.home, name="home"),
    path("dashboard/theme", views.theme, name="theme"),
]
