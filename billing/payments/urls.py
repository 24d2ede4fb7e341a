"""Where the pages of payments are, and where Stripe comes in."""

from django.urls import path

from . import views, webhooks

urlpatterns = [
    path("dashboard/credit", views.credit, name="credit"),
    path("dashboard/credit/add", views.add, name="add_credit"),
    path("dashboard/credit/recharge", views.recharge, name="recharge"),
    path("dashboard/credit/card", views.card, name="save_card"),
    path("dashboard/credit/portal", views.portal, name="payment_portal"),
    path("dashboard/credit/<uuid:topup>", views.topup, name="topup"),
    path("webhooks/stripe", webhooks.stripe, name="stripe"),
]
