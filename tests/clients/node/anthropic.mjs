// The npm package `@anthropic-ai/sdk`: node anthropic.mjs URL KEY SCENE
import { messages } from "./anthropic_messages.mjs";
import { refusals } from "./anthropic_refusals.mjs";
import { main } from "./reporting.mjs";

await main({ ...messages, ...refusals });
