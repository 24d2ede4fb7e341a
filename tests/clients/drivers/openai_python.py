"""The Python package `openai`, any major from 1 on: `python -m tests.clients.drivers.openai_python URL KEY SCENE`."""

from tests.clients.drivers import openai_agents, openai_chat, openai_others, openai_refusals, reporting

if __name__ == "__main__":
    reporting.main(
        {**openai_chat.CHECKS, **openai_others.CHECKS, **openai_agents.CHECKS, **openai_refusals.CHECKS}
    )
