// Drift: what the coordinators hold and what the shards' sessions show differ, until an operator puts either right.

import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
let plane: LiveDataPlane;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "4");
  plane = new LiveDataPlane(fleet);
  await plane.untilInSync(4);
});
afterAll(() => fleet.dispose());

/** `fleet cluster list --drift`: which clusters it shows, and as what. */
async function drifting(): Promise<{ readonly exit: number; readonly drift: Record<string, string> }> {
  const ran = await fleet.run("cluster", "list", "--drift", "--detailed-exitcode", "--json");
  const { clusters }: { clusters: { clusterId: string; drift: string }[] } = JSON.parse(ran.stdout);
  const drift = Object.fromEntries(clusters.map((cluster) => [cluster.clusterId, cluster.drift]));
  return { exit: ran.exit, drift };
}

test("an agent sent elsewhere by hand is shown as drift, until it is sent back", async () => {
  expect(await drifting()).toEqual({ exit: 0, drift: {} });
  await plane.dialByHand("c1", "s2");
  await eventually(drifting).toEqual({ exit: 8, drift: { c1: "elsewhere" } });
  await eventually(() => plane.serves("s2")).toContain("c1");
  const table = await fleet.run("cluster", "list", "--drift");
  expect(table).toMatchObject({ exit: 0, stdout: expect.stringMatching(/c1 +s1 .*s2.*elsewhere/) });

  await plane.dialByHand("c1", "s1");
  await eventually(drifting).toEqual({ exit: 0, drift: {} });
  await eventually(() => plane.serves("s1")).toContain("c1");
});

test("or until the shard that it dials is made its owner", async () => {
  await plane.dialByHand("c2", "s1");
  await eventually(drifting).toEqual({ exit: 8, drift: { c2: "elsewhere" } });
  const rebind = await fleet.run("rebind", "--cluster", "c2", "--to", "s1", "--reason", "it is there anyway");
  expect(rebind.exit).toBe(0);
  await eventually(drifting).toEqual({ exit: 0, drift: {} });
  expect(await plane.cluster("c2")).toMatchObject({ declared: { shardId: "s1", migration: null } });
});

test("or until it is brought back to its owner by the tool", async () => {
  await plane.dialByHand("c3", "s2");
  await eventually(drifting).toEqual({ exit: 8, drift: { c3: "elsewhere" } });
  expect((await fleet.run("rebind", "--cluster", "c3", "--to", "s1")).exit).toBe(0);
  await eventually(drifting).toEqual({ exit: 0, drift: {} });
  await eventually(() => plane.serves("s1")).toContain("c3");
});

// Before the second agent comes: a shard shows a double for a minute.
test("an agent is not said to be back before its owner serves it, and is taken back to where it was served", async () => {
  const { from, to } =
    (await plane.cluster("c4"))?.declared?.shardId === "s1"
      ? { from: "s1", to: "s2" }
      : { from: "s2", to: "s1" };
  await plane.dialByHand("c4", to);
  await eventually(drifting).toEqual({ exit: 8, drift: { c4: "elsewhere" } });
  await fleet.kill(from);
  const rebind = ["rebind", "--cluster", "c4", "--timeout", "5s"];
  const back = await fleet.run(...rebind, "--to", from);
  expect(back).toMatchObject({ exit: 6, stdout: expect.stringMatching(/c4 .*timed-out +wait-session/) });
  expect(back.stderr).toContain(`fleet rebind c4 --to ${to}`);

  // The dead shard can't say that it has let go, so that this is not settled yet; but the cluster is served.
  const undone = await fleet.run(...rebind, "--to", to);
  expect(undone).toMatchObject({ exit: 6, stdout: expect.stringMatching(/c4 .*timed-out +wait-/) });
  await eventually(() => plane.serves(to)).toContain("c4");
  await fleet.start(from);
  await eventually(async () => (await fleet.run(...rebind, "--to", to)).exit).toBe(0);
  await eventually(drifting).toEqual({ exit: 0, drift: {} });
  expect(await plane.cluster("c4")).toMatchObject({ declared: { shardId: to, migration: null } });
});

test("a second agent at the same shard is kept out, and shown", async () => {
  const owner = (await plane.cluster("c4"))?.declared?.shardId ?? "";
  const dialed = async () => {
    expect(await plane.dialTwice("c4", owner)).toBe("CLUSTER_SESSION_LIVE");
    return drifting();
  };
  await eventually(dialed).toEqual({ exit: 8, drift: { c4: "double" } });
  await eventually(() => plane.serves(owner)).toContain("c4");
  const table = await fleet.run("cluster", "list", "--drift");
  expect(table.stdout).toMatch(/c4 .*refuses a second agent at 127\.0\.0\.1:\d+.*double/);
});

test("the audit list says who bound what, and why", async () => {
  const { stdout } = await fleet.run("audit", "list", "--json");
  const { entries }: { entries: Record<string, string>[] } = JSON.parse(stdout);
  const ofC2 = entries.filter((entry) => entry["what"]?.includes("cluster c2"));
  expect(ofC2).toMatchObject([
    { actor: "fleet://shard/s2", what: "bind cluster c2 to shard s2", reason: "first contact" },
    { actor: "fleet://admin", what: expect.stringMatching(/^begin migration/), reason: "it is there anyway" },
    {
      actor: "fleet://admin",
      what: expect.stringMatching(/^settle migration/),
      reason: "it is there anyway",
    },
  ]);
  const indexes = entries.map((entry) => Number(entry["index"]));
  expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
});
