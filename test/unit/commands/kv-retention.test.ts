// `fleet kv retention set`: a rule is never removed by saying nothing, and a window has its own limit and its own words.

import { afterEach, expect, test, vi } from "vitest";
import KvRetentionSet from "../../../src/commands/kv/retention/set.ts";
import { renderAuditEntry } from "../../../src/core/fleet/audit/render-audit.ts";
import { renderRefusal } from "../../../src/core/fleet/render-refusal.ts";
import { AuditEntry, Rejected } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

afterEach(() => {
  vi.clearAllMocks();
});

const DAY_MS = 86_400_000;
const set = (...words: readonly string[]) => run(KvRetentionSet, "kv:retention:set", words);

test.each([
  { words: ["--none"], value: [0, 0], says: "history is kept until it is compacted" },
  { words: ["--window", "24h"], value: [DAY_MS, 0], says: "history is kept for 24h" },
  { words: ["--window", "365d"], value: [365 * DAY_MS, 0], says: "history is kept for 365d" },
  { words: ["--revisions", "1000"], value: [0, 1_000], says: "history is kept for at most 1000 revisions" },
  {
    words: ["--window", "90m", "--revisions", "5000"],
    value: [5_400_000, 5_000],
    says: "history is kept for 90m, at most 5000 revisions",
  },
])("$words: $says", async ({ words, value: [windowMs, revisionsMax], says }) => {
  client.submit.mockResolvedValue({ index: 12, term: 3, changed: true, version: 1, summary: "" });
  expect((await set(...words)).stdout).toBe(`● ${says} (index 12)\n`);
  expect(client.submit.mock.lastCall?.[0]).toEqual({
    kind: { $case: "setKeyRetention", value: { windowMs, revisionsMax } },
  });
});

test.each([
  { words: [], says: "remove the rule: --none" },
  { words: ["--window", "0s"], says: "--window 0s keeps nothing" },
  { words: ["--window", "366d"], says: "--window 366d is longer than 365 days" },
  { words: ["--window", "24"], says: "24" },
  { words: ["--revisions", "500"], says: "give 1000 or more" },
  { words: ["--none", "--window", "24h"], says: "--none" },
])("$words is wrong usage", async ({ words, says }) => {
  const { stderr, exit } = await set(...words);
  expect(exit).toBe(2);
  expect(stderr).toContain(says);
  expect(client.submit).not.toHaveBeenCalled();
});

test("each limit is refused in a sentence of its own", () => {
  const said = (field: string) =>
    renderRefusal(Rejected.fromPartial({ reason: "INVALID_RETENTION", metadata: { field } })).message;
  expect(said("window")).toBe("a window has at most 365 days");
  expect(said("revisions")).toBe("a limit has at least 1000 revisions");
});

test("the audit log says a rule in units", () => {
  const said = (window: string, revisions: string) =>
    renderAuditEntry(
      AuditEntry.fromPartial({
        operation: "setKeyRetention",
        metadata: { window_ms: window, revisions_max: revisions },
      }),
    ).what;
  expect(said("86400000", "1000000")).toBe("keep the history of keys for 24h, at most 1000000 revisions");
  expect(said("0", "5000")).toBe("keep the history of keys for at most 5000 revisions");
  expect(said("0", "0")).toBe("keep the history of keys until it is compacted");
});
