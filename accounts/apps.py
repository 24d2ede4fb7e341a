"""Django's name for the accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"
