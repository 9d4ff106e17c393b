import { expect, test } from "vitest";
import { parse } from "yaml";
import {
  formatRebalance,
  isEmpty,
  type RebalanceReport,
} from "../../../../src/client/rebind/rebalance-plan.ts";
import { runDomains } from "../../../../src/client/rebind/run-domains.ts";
import { readValue } from "../../../../src/core/base/read-value.ts";
import { plan as planIn } from "../../../../src/core/rebind/parse-plan.ts";
import { createPlan } from "../../../../src/core/rebind/plan.ts";
import { Domain } from "../../../../src/core/wire/gen/fleet/v1/command.ts";

const RACK = { key: "rack", value: "r1", from: "s1", to: "s2", version: 7 };
const clusters = createPlan("rebalance-at-9", { kind: "local" }, [{ cluster: "c1", from: "s1", to: "s2" }]);
const report: RebalanceReport = {
  plan: { ...clusters, domains: [RACK] },
  reasons: { domains: ["rack is short"], clusters: [`c1 ${"is very short ".repeat(20)}`] },
  refused: [{ shard: "s1", cluster: "c2", requirements: "any", why: "it is young" }],
  observedComplete: true,
};

test("the file is the plan, with every reason on one line above its move", () => {
  const text = formatRebalance(report);
  expect(readValue(parse(text), planIn)).toEqual({ ok: true, value: report.plan });
  const lines = text.split("\n");
  const above = (line: string) => lines[lines.findIndex((each) => each.includes(line)) - 1]?.trim();
  expect(above("key: rack")).toBe("# rack is short");
  expect(above("cluster: c1")).toMatch(/^# c1 is very short .*short ?$/);
  expect(lines.at(-2)).toBe("#   c2 at s1 (any): it is young");
});

test("advice without moves is all comment, and says what was not heard", () => {
  const nothing = { ...report, plan: createPlan("p", { kind: "local" }, []), observedComplete: false };
  expect(isEmpty(nothing)).toBe(true);
  expect(formatRebalance(nothing)).toBe(
    "# the leader had not heard every shard: there may be more to move\n# nothing to propose\n# considered, and not proposed:\n#   c2 at s1 (any): it is young\n",
  );
});

test("a plan with one domain that somebody else moved leaves the others where they are", async () => {
  const rows = [
    Domain.fromPartial({ key: "rack", value: "r1", shardId: "s1", version: 7 }),
    Domain.fromPartial({ key: "rack", value: "r2", shardId: "s3", version: 8 }),
  ];
  const never = () => Promise.reject(new Error("nothing may be written"));
  const listDomains = async () => ({ domains: rows, stamp: undefined, more: false });
  const options = { reason: "", deadlineMs: 1_000, dryRun: false, onProgress: () => undefined };
  const client = { listDomains, submit: never, tryOut: never };
  const reports = await runDomains(client, [RACK, { ...RACK, value: "r2" }], options);
  expect(reports.map(({ result, why }) => `${result} ${why}`)).toEqual([
    "not-started ",
    "blocked OWNER_CHANGED: shard s3 has it, in version 8",
  ]);
});
