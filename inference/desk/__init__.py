"""The desk of /v1: what a developer asks about their account, in ordinary views with the ORM."""
