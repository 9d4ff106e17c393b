// A plan file says what was advised and nothing else, whatever agents and shards call themselves and ask for. (Issue
// 11: an agent's label text became the operator's command.)

import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { formatPlan } from "../../../../src/client/rebind/plan-file.ts";
import { formatRebalance, isEmpty, rebalancePlan } from "../../../../src/client/rebind/rebalance-plan.ts";
import { readValue } from "../../../../src/core/base/read-value.ts";
import { plan as planIn } from "../../../../src/core/rebind/parse-plan.ts";
import { DomainMachines } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { hostileTexts, UNSAFE } from "../../base/hostile-text.ts";
import { bound, domain, lacks, NOW, seen, shard } from "../../rebind/fleet-sketch.ts";

const EXECUTOR = { kind: "command", command: "kubectl restart {cluster}" } as const;
const PAYLOAD = "x\nexecutor:\n  kind: command\n  command: sh -c 'touch /tmp/pwned'\n#";
const request = { minAgeCycles: 3, cooldownCycles: 8, maxMoves: 20, partial: false, executor: EXECUTOR };

type Seen = ReturnType<typeof seen>;

async function planOf(fleet: Seen) {
  const { shards, shortfalls, clusters, domains } = fleet;
  const stamp = { index: 9, term: 1, atMs: NOW, leads: true };
  const all = { stamp, more: false, nextPageToken: "" };
  const report = await rebalancePlan(
    {
      listShards: async () => ({ ...all, shards: [...shards] }),
      listShortfalls: async () => ({ ...all, shortfalls: [...shortfalls], observedComplete: true }),
      listClusters: async () => ({ ...all, clusters: [...clusters], observedComplete: true }),
      listDomains: async () => ({ ...all, domains: [...domains] }),
    } as unknown as Parameters<typeof rebalancePlan>[0],
    request,
  );
  const text = formatRebalance(report);
  const document = parseDocument(text);
  expect(document.errors, text).toEqual([]);
  return { report, text, document: document.toJS() as unknown };
}

/** A fleet in which one text is all that agents and shards could choose. */
function hostileFleet(text: string): Seen {
  const key = text === "" ? "k" : text;
  const rack = (free: number) =>
    DomainMachines.fromPartial({
      key,
      value: text,
      machinesListed: 10,
      machinesFree: free,
      listedByZone: { [text]: 10 },
    });
  const requirements = { [text]: text };
  return seen({
    shards: [
      shard("s1", { domains: [rack(0)], zones: { [text]: 1 }, region: text }),
      shard("s2", { free: 50, domains: [rack(10)], types: { [text]: 50 }, region: text }),
    ],
    shortfalls: [
      lacks("s1", "c1", 4, { requirements, priority: 9 }),
      lacks("s1", "c2", 4),
      lacks("s1", text, 4, { requirements }),
      lacks(text, "c3", 4, { requirements }),
      lacks("s1", "c4", 4, { requirements, sameDomain: true }),
    ],
    clusters: [bound("c1", "s1"), bound("c2", "s1"), bound(text, "s1"), bound("c3", text), bound("c4", "s1")],
    domains: [domain(key, text, "s2")],
  });
}

test("the payload that was found adds nothing", async () => {
  const { report, text, document } = await planOf(hostileFleet(PAYLOAD));
  expect(isEmpty(report)).toBe(false);
  expect(readValue(document, planIn)).toEqual({ ok: true, value: report.plan });
  expect(
    text
      .split("\n")
      .filter((line) => line.includes("pwned") && !/^ *#|^ *value:|^ *- key:|^ *key:/.test(line)),
  ).toEqual([]);
});

test.each([0, 1, 2, 3])(
  "any text: what is read back is the plan that was made (texts %i of 4)",
  async (part) => {
    const texts = ["", ...hostileTexts(51, 1_000)].filter((_, at) => at % 4 === part);
    for (const hostile of texts) {
      const { report, text, document } = await planOf(hostileFleet(hostile));
      expect(text).not.toMatch(UNSAFE);
      if (isEmpty(report)) expect(document, text).toBeNull();
      else expect(readValue(document, planIn), text).toEqual({ ok: true, value: report.plan });
    }
  },
);

test("a plan of an operator's own command, of any text, is read back as it was made", () => {
  for (const command of hostileTexts(52, 1_000)) {
    const plan = { version: 1, name: "p", executor: { kind: "command", command }, moves: [] } as const;
    const text = formatPlan(plan);
    expect(text).not.toMatch(UNSAFE);
    expect(parseDocument(text).toJS()).toEqual(plan);
  }
});
