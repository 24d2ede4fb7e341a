"""The Python package `anthropic`, any recent version: `python -m tests.clients.drivers.anthropic_python URL KEY SCENE`."""

from tests.clients.drivers import anthropic_messages, anthropic_refusals, reporting

if __name__ == "__main__":
    reporting.main({**anthropic_messages.CHECKS, **anthropic_refusals.CHECKS})
