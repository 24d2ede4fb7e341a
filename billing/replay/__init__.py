"""What the last 30 days would have been on other terms: who would have been refused, and who would have paid more."""
