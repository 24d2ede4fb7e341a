"""Where a person's own pages are, beside allauth's."""

from django.urls import path

from . import person_pages

urlpatterns = [
    path("profile/", person_pages.profile, name="person"),
    path("sessions/", person_pages.signed_in, name="person_sessions"),  # in the place of allauth's own list
    path("delete/", person_pages.delete, name="person_delete"),
    path("keep/", person_pages.keep, name="person_keep"),
]
