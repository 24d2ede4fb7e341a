"""Where the customer's pages are."""

from django.urls import path
from django.views.generic import RedirectView

from billing import views
from billing.paper import urls as paper
from billing.payments import urls as payments
from billing.proof import trust
from billing.subscriptions import urls as subscriptions
from billing.vouchers import urls as vouchers

app_name = "dashboard"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:home"), name="door"),
    path("dashboard/", views.home, name="home"),
    path("trust", trust.page, name="trust"),
    path("trust.json", trust.told, name="trust-json"),
    path("dashboard/theme", views.theme, name="theme"),
    *paper.urlpatterns,
    *payments.urlpatterns,
    *vouchers.urlpatterns,
    *subscriptions.urlpatterns,
]
