"""Alerts of customers: what is measured of each workspace every minute, told once a cycle, to its people and endpoints."""
