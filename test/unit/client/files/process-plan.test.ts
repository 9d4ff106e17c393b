// The command lines that `fleet serve` is started with: its contract with the supervisor.
import { expect, test } from "vitest";
import type { FleetFile } from "../../../../src/client/files/fleet-file.ts";
import { launchOf, planProcesses } from "../../../../src/client/files/process-plan.ts";

const FLEET: FleetFile = {
  name: "local",
  clusterId: "5d1c",
  profile: "lan",
  nodes: [
    { id: 1, name: "n1", address: "127.0.0.1:4001" },
    { id: 2, name: "n2", address: "127.0.0.1:4002" },
  ],
  shards: [{ id: "s1", address: "127.0.0.1:4011" }],
  clusters: ["c1"],
};
const PROGRAM = { node: "node", fleet: "run.js" };

const commandLine = (name: string, isFounding = false): string | undefined => {
  const plan = planProcesses("/f", FLEET).find((candidate) => candidate.name === name);
  return plan && launchOf(plan, PROGRAM, isFounding).args.join(" ");
};

test.each([
  {
    name: "n2",
    why: "a coordinator knows all replicas and has a bounded heap",
    args: "--max-semi-space-size=4 --max-old-space-size=1024 --expose-gc run.js serve coordinator --id 2 --name n2 --fleet local --cluster-id 5d1c --listen 127.0.0.1:4002 --peers 1=n1@127.0.0.1:4001,2=n2@127.0.0.1:4002 --data /f/n2/data --ca /f/certs/ca.crt --cert /f/certs/n2.crt --key /f/certs/n2.key --profile lan",
  },
  {
    name: "s1",
    why: "a shard knows the coordinators only to report to them",
    args: "--max-old-space-size=512 run.js serve shard --id s1 --listen 127.0.0.1:4011 --coordinators 127.0.0.1:4001,127.0.0.1:4002 --data /f/s1/data --ca /f/certs/ca.crt --cert /f/certs/s1.crt --key /f/certs/s1.key",
  },
  {
    name: "agents",
    why: "agents know no coordinator at all",
    args: "--max-old-space-size=512 run.js serve agents --file /f/agents/agents.yaml --certs /f/certs/clusters",
  },
])("$name: $why", ({ name, args }) => {
  expect(commandLine(name)).toBe(args);
});

test("coordinators are told when a shard counts as suspect and dead, if the fleet's file says so", () => {
  const liveness = { suspectAfterSeconds: 40, deadAfterSeconds: 90 };
  const args = planProcesses("/f", { ...FLEET, liveness })
    .filter(({ role }) => role === "coordinator")
    .map((plan) => plan.args.slice(-4));
  const flags = ["--suspect-after", "40s", "--dead-after", "90s"];
  expect(args).toEqual([flags, flags]);
});

test("a shard is given its machines; their file lies in the fleet's folder unless its path is a full one", () => {
  const machinesArgs = (machines: string) => {
    const shards = FLEET.shards.map((shard) => ({ ...shard, machines, region: "eu", cycleSeconds: 5 }));
    const plans = planProcesses("/f", { ...FLEET, shards });
    return plans.find(({ role }) => role === "shard")?.args.slice(-6);
  };
  const rest = ["--region", "eu", "--cycle", "5s"];
  expect(machinesArgs("s1/machines.yaml")).toEqual(["--machines", "/f/s1/machines.yaml", ...rest]);
  expect(machinesArgs("/etc/machines.yaml")).toEqual(["--machines", "/etc/machines.yaml", ...rest]);
});

test("each process shows its metrics on its own port of the loopback interface, if the fleet's file gives it one", () => {
  const fleet = {
    ...FLEET,
    nodes: FLEET.nodes.map((node) => ({ ...node, metricsPort: 9000 + node.id })),
    shards: FLEET.shards.map((shard) => ({ ...shard, metricsPort: 9011 })),
    agentsMetricsPort: 9021,
  };
  const plans = planProcesses("/f", fleet).map(({ name, metrics, args }) => [name, metrics, args.slice(-2)]);
  expect(plans).toEqual([
    ["n1", "127.0.0.1:9001", ["--metrics", "127.0.0.1:9001"]],
    ["n2", "127.0.0.1:9002", ["--metrics", "127.0.0.1:9002"]],
    ["s1", "127.0.0.1:9011", ["--metrics", "127.0.0.1:9011"]],
    ["agents", "127.0.0.1:9021", ["--metrics", "127.0.0.1:9021"]],
  ]);
  expect(planProcesses("/f", FLEET).map(({ metrics }) => metrics)).toEqual([null, null, null, null]);
});

test("only a coordinator of a fleet that is being founded may take an empty data folder for a new one", () => {
  expect(commandLine("n1", true)?.endsWith(" --bootstrap")).toBe(true);
  expect(commandLine("n1", false)).not.toContain("--bootstrap");
  expect(commandLine("s1", true)).not.toContain("--bootstrap");
});

test("a fleet without clusters has no agents process", () => {
  expect(planProcesses("/f", { ...FLEET, clusters: [] }).map((plan) => plan.name)).toEqual([
    "n1",
    "n2",
    "s1",
  ]);
});
