"""Where the page Plan is."""

from django.urls import path

from . import views

urlpatterns = [
    path("dashboard/plan", views.plan, name="plan"),
    path("dashboard/plan/choose", views.choose, name="choose_plan"),
    path("dashboard/plan/spill", views.spill, name="spill"),
]
