"""The production-shaped run: a deployed site under mixed load while every part of it is restarted in its turn."""
