"""Where the pages of papers are."""

from django.urls import path

from . import views

urlpatterns = [
    path("dashboard/papers", views.papers, name="papers"),
    path("dashboard/papers/details", views.details, name="billing_details"),
    path("dashboard/papers/requests.csv", views.requests, name="requests_csv"),
    path("dashboard/papers/<uuid:paper>", views.paper, name="paper"),
    path("dashboard/papers/<uuid:paper>.pdf", views.portable, name="paper_pdf"),
    path("dashboard/papers/<uuid:paper>.csv", views.lines, name="paper_csv"),
]
