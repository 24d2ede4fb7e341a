// The npm package `openai`: node openai.mjs URL KEY SCENE
import { agents } from "./openai_agents.mjs";
import { chat } from "./openai_chat.mjs";
import { others } from "./openai_others.mjs";
import { refusals } from "./openai_refusals.mjs";
import { main } from "./reporting.mjs";

await main({ ...chat, ...others, ...agents, ...refusals });
