"""The hub dialect's routes at the root: models, chat, code, usage and sessions in credits of the hub."""
