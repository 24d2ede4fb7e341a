"""The engine: the walk of a request from the door to the settled answer; owns no tables."""
