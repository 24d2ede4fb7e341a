"""Subscriptions: periods that are true months or weeks, the credits each of them brings, and changes of plan."""
