"""Where the pages for developers are."""

from django.urls import path

from . import for_agents, searching, views

app_name = "docs"
urlpatterns = [
    path("", searching.index, name="index"),
    path("<slug:slug>.md", for_agents.page, name="text"),
    path("<slug:slug>", views.page, name="page"),
]
