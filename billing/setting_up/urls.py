"""Where it is asked whether a request has arrived; the page that asks is beside the guide, whose examples it shows."""

from django.urls import path

from . import views

urlpatterns = [path("dashboard/set-up/<int:number>/arrival", views.arrival, name="arrival")]
