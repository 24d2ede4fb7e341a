"""Vouchers: codes that give a workspace credit, once each."""
