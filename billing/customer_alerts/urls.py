"""Where the pages of a workspace's alerts are."""

from django.urls import path

from . import delivery_views, endpoint_views, views

urlpatterns = [
    path("dashboard/alerts", views.alerts, name="alerts"),
    path("dashboard/alerts/new", views.add, name="alert_new"),
    path("dashboard/alerts/<int:number>/switch", views.switch, name="alert_switch"),
    path("dashboard/alerts/<int:number>/delete", views.delete, name="alert_delete"),
    path("dashboard/alerts/endpoints", endpoint_views.add, name="endpoint_new"),
    path("dashboard/alerts/endpoints/<int:number>/test", endpoint_views.test, name="endpoint_test"),
    path("dashboard/alerts/endpoints/<int:number>/renew", endpoint_views.renew, name="endpoint_renew"),
    path("dashboard/alerts/endpoints/<int:number>/switch", endpoint_views.switch, name="endpoint_switch"),
    path("dashboard/alerts/endpoints/<int:number>/delete", endpoint_views.delete, name="endpoint_delete"),
    path("dashboard/alerts/messages", delivery_views.listed, name="alert_deliveries"),
    path("dashboard/alerts/messages/<uuid:delivery>", delivery_views.delivery, name="alert_delivery"),
    path("dashboard/alerts/messages/<uuid:delivery>/again", delivery_views.again, name="alert_again"),
]
