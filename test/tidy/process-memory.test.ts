// A process of a role starts with the same memory settings wherever it is started. `fleet init` and `fleet up`, the
// unit and the chart start it. The unit's limit is the chart's, and above the heap's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { PROCESS_MEMORY } from "../../src/client/processes/process-memory.ts";
import { root } from "../cli/manifest.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

const roles = [
  {
    role: "coordinator",
    unit: "fleet-coordinator@",
    chart: "coordinator",
    workload: "statefulset",
  },
  { role: "shard", unit: "fleet-shard@", chart: "shard", workload: "statefulset" },
  { role: "agents", unit: "fleet-agents", chart: "agent", workload: "deployment" },
] as const;

const wantedOf = (role: keyof typeof PROCESS_MEMORY): Record<string, string> => ({
  NODE_OPTIONS: PROCESS_MEMORY[role].nodeFlags.join(" "),
  ...PROCESS_MEMORY[role].environment,
});

test.each(roles)("the unit of $role has the memory settings of fleet init", ({ role, unit }) => {
  const lines = [...read(`deploy/systemd/${unit}.service`).matchAll(/^Environment=(.*)$/gm)];
  // A value with blanks stands in quotes, with its name.
  const words = lines.flatMap(([, line = ""]) => line.match(/"[^"]*"|\S+/g) ?? []);
  const given = words.map((word) => /^"?(\w+)=([^"]*)"?$/.exec(word)?.slice(1) ?? []);
  expect(Object.fromEntries(given)).toEqual(wantedOf(role));
});

// The chart of agents is one agent a pod, whose heap may be smaller.
test.each(roles)("the chart of $role sets what fleet init sets", ({ role, chart, workload }) => {
  const text = read(`deploy/helm/${chart}/templates/${workload}.yaml`);
  const given = [...text.matchAll(/- \{ name: (\w+), value: "([^"]*)" \}/g)];
  const set = Object.fromEntries(given.map(([, name = "", value = ""]) => [name, value]));
  if (role === "agents") expect(set).toEqual({ NODE_OPTIONS: "--max-old-space-size=128" });
  else expect(set).toMatchObject(wantedOf(role));
});

test.each(roles)("$role: the process's limit leaves room beside its heap", ({ role, unit, chart }) => {
  const [, unitMb = ""] = /^MemoryMax=(\d+)M$/m.exec(read(`deploy/systemd/${unit}.service`)) ?? [];
  const [, heapMb = ""] = /--max-old-space-size=(\d+)/.exec(wantedOf(role)["NODE_OPTIONS"] ?? "") ?? [];
  expect(Number(unitMb)).toBeGreaterThanOrEqual(Number(heapMb) * 1.5);
  const { memory } = parse(read(`deploy/helm/${chart}/values.yaml`)).resources.limits;
  if (role !== "agents") expect(memory).toBe(`${unitMb}Mi`);
});
