// The npm package `@copilotkit/aimock`, a provider in every dialect: node aimock.mjs
// Prints its address, and ends when its input does.
import { LLMock } from "@copilotkit/aimock";

// In the words of each dialect that is asked here.
const usage = {
  promptTokenCount: 120, candidatesTokenCount: 30, totalTokenCount: 150,
  input_tokens: 120, output_tokens: 30,
};
const provider = new LLMock({ host: "127.0.0.1", port: 0, chunkSize: 7 });

provider.on({ userMessage: "weather", hasToolResult: true }, { content: "It is mild in Oslo.", usage });
provider.on(
  { userMessage: "weather", hasToolResult: false },
  { toolCalls: [{ name: "get_weather", arguments: '{"location":"Oslo"}' }], usage },
);
provider.on({ userMessage: "ponder", hasToolResult: true }, { content: "It is mild in Oslo.", usage });
provider.on(
  { userMessage: "ponder", hasToolResult: false },
  {
    toolCalls: [{ name: "get_weather", arguments: '{"location":"Oslo"}' }],
    reasoning: "Six times seven.",
    usage,
  },
);
provider.onMessage("think", { content: "Forty-two.", reasoning: "Six times seven.", usage });
provider.onMessage("limiter", { content: "It keeps callers from asking too often.", usage });
provider.onMessage("json", { content: '{"location":"Oslo"}', usage });
provider.onMessage("busy", { error: { message: "Resource has been exhausted.", type: "RESOURCE_EXHAUSTED" }, status: 429 });

await provider.start();
console.log(provider.url);
process.stdin.resume();
process.stdin.on("end", async () => {
  await provider.stop();
  process.exit(0);
});
