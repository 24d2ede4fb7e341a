"""Tests of billing.moves."""
