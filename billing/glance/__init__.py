"""What the operator's home shows at a glance: one file for each panel, and each reads in one query."""
