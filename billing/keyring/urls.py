"""Where the page Keys is."""

from django.urls import path

from . import views

urlpatterns = [
    path("dashboard/keys", views.listed, name="keys"),
    path("dashboard/keys/new", views.make, name="key_new"),
    path("dashboard/keys/<int:number>", views.change, name="key"),
    path("dashboard/keys/<int:number>/rotate", views.rotate, name="key_rotate"),
    path("dashboard/keys/<int:number>/revoke", views.revoke, name="key_revoke"),
]
