"""Where the pages Keys and Management tokens are."""

from django.urls import path

from . import token_views, views

urlpatterns = [
    path("dashboard/keys", views.listed, name="keys"),
    path("dashboard/keys/new", views.make, name="key_new"),
    path("dashboard/keys/<int:number>", views.change, name="key"),
    path("dashboard/keys/<int:number>/rotate", views.rotate, name="key_rotate"),
    path("dashboard/keys/<int:number>/revoke", views.revoke, name="key_revoke"),
    path("dashboard/tokens", token_views.tokens, name="tokens"),
    path("dashboard/tokens/<int:number>/revoke", token_views.revoke, name="token_revoke"),
]
