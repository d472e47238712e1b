import { expect, test, vi } from "vitest";
import { CONFIG, readConfig } from "../../src/config.js";
import { configFile } from "../../static.js";

function run(code: string): unknown {
  const page: Record<string, unknown> = {};
  new Function("globalThis", code)(page);
  return page[CONFIG];
}

test("what a build was told is what its page reads", () => {
  const told = run(configFile({ HTTP_API_ENDPOINT: "https://api.example/prod", WEBSOCKET_API_ENDPOINT: "wss://live.example/prod" }));
  expect(readConfig(told)).toEqual({ apiUrl: "https://api.example/prod", websocketApiEndpoint: "wss://live.example/prod" });
});

test("a build that was told nothing makes a page that asks its own site", () => {
  expect(readConfig(run(configFile({})))).toEqual({});
  expect(readConfig(run(configFile({ HTTP_API_ENDPOINT: "" })))).toEqual({});
});

test("without a config.js, as the monitor serves the page, there is nothing to say about it", () => {
  const warn = vi.fn();
  expect(readConfig(undefined, warn)).toEqual({});
  expect(readConfig({ apiUrl: "", websocketApiEndpoint: null, stage: "prod" }, warn)).toEqual({});
  expect(warn).not.toHaveBeenCalled();
});

test.each(["javascript:alert(1)", "api.example", "https://", "ftp://api.example", 7, {}])("what is no address is told and left out: %j", (apiUrl) => {
  const warn = vi.fn();
  expect(readConfig({ apiUrl, websocketApiEndpoint: "https://live.example/prod" }, warn)).toEqual({ websocketApiEndpoint: "https://live.example/prod" });
  expect(warn).toHaveBeenCalledOnce();
});
