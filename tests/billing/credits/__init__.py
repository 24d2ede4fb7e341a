"""Tests of billing.credits."""
