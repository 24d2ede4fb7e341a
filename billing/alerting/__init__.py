"""Alerts of operators: what is measured every minute, when somebody is told of it, and how that reaches them."""
