"""Announcements: what operators tell customers, who sees which of it, and what becomes of it."""
