"""Tests of billing.proof."""
