"""Where the page for vouchers is."""

from django.urls import path

from . import views

urlpatterns = [path("dashboard/voucher", views.voucher, name="voucher")]
