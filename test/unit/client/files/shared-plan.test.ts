// How the coordinators of a fleet in one process are started.

import { expect, test } from "vitest";
import { type FleetFile, formatFleetFile, parseFleetFile } from "../../../../src/client/files/fleet-file.ts";
import { launchOf, planProcesses } from "../../../../src/client/files/process-plan.ts";

const node = (id: number) => ({ id, name: `n${id}`, address: `127.0.0.1:${id}` });
const file: FleetFile = {
  ...{ name: "local", clusterId: "c", profile: "lan", clusters: [] },
  nodes: [1, 2, 3].map(node),
  shards: [{ id: "s1", address: "127.0.0.1:4" }],
};
const program = { node: "node", fleet: "fleet" };

function launched(fleet: FleetFile, isFounding = false): readonly string[] {
  const plans = planProcesses("/f", parseFleetFile("fleet.yaml", formatFleetFile(fleet)));
  return plans.map((plan) => {
    const { args } = launchOf(plan, program, isFounding);
    return args.slice(args.indexOf("fleet") + 1, args.indexOf("fleet") + 5).join(" ");
  });
}

test("each coordinator has a process of its own, unless fleet.yaml says otherwise", () => {
  expect(launched(file)).toEqual([
    "serve coordinator --id 1",
    "serve coordinator --id 2",
    "serve coordinator --id 3",
    "serve shard --id s1",
  ]);
});

test("in one process all coordinators are started by the same command, and shards by their own", () => {
  const shared = "serve nodes --fleet-dir /f";
  expect(launched({ ...file, inProcess: true })).toEqual([shared, shared, shared, "serve shard --id s1"]);
});

test("the one process bootstraps the fleet as each coordinator would", () => {
  const [first] = planProcesses("/f", { ...file, inProcess: true });
  expect(first && launchOf(first, program, true).args.at(-1)).toBe("--bootstrap");
});
