"""Where the customer's pages are."""

from django.urls import path

from billing import views
from billing.announcing import views as announcing
from billing.customer_alerts import urls as customer_alerts
from billing.exploring import urls as exploring
from billing.keyring import urls as keyring
from billing.logs import urls as logs
from billing.paper import urls as paper
from billing.payments import urls as payments
from billing.proof import trust
from billing.setting_up import urls as setting_up
from billing.subscriptions import urls as subscriptions
from billing.team import urls as team
from billing.vouchers import urls as vouchers

app_name = "dashboard"
urlpatterns = [
    path("dashboard/", views.home, name="home"),
    path("announcements", announcing.page, name="announcements"),
    path("trust", trust.page, name="trust"),
    path("trust.json", trust.told, name="trust-json"),
    path("dashboard/theme", views.theme, name="theme"),
    *customer_alerts.urlpatterns,
    *exploring.urlpatterns,
    *keyring.urlpatterns,
    *logs.urlpatterns,
    *paper.urlpatterns,
    *payments.urlpatterns,
    *setting_up.urlpatterns,
    *team.urlpatterns,
    *vouchers.urlpatterns,
    *subscriptions.urlpatterns,
]
