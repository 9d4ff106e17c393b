// The Faults service of real coordinators: faults that act, end and are refused, by RPC.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { OperatorError } from "../../src/core/base/errors.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  type Fault,
  type InjectFaultRequest,
  LinkDirection,
} from "../../src/core/wire/gen/fleet/v1/faults.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
let client: FleetClient;

beforeAll(async () => {
  fleet = await TestFleet.init();
  client = await fleet.client();
});
afterAll(() => fleet.dispose());

const healthy = () => fleet.untilStatus(client, ({ verdict }) => verdict === "healthy");

async function nodeOf(name: string) {
  const { nodes } = await healthy();
  const node = nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`no ${name}`);
  return node;
}

/** With the entry that lets the node make it once. */
async function inject(
  address: string,
  request: Omit<InjectFaultRequest, "reason" | "entryIndex">,
  reason = "",
) {
  const value = { drillId: "d-1", drill: "partition", victims: [request.nodeName] };
  const { index: entryIndex } = await client.submit({ kind: { $case: "noteDrill", value } }, { reason });
  return await client.injectFault(address, { ...request, reason: "", entryIndex });
}

const CUT: Fault["kind"] = { $case: "partition", value: { peers: [], direction: LinkDirection.BOTH } };

test("a leader that is cut off loses its leadership, and takes part again once the fault is cleared", async () => {
  const before = await healthy();
  const old = leaderOf(before);
  const { address } = await nodeOf(old);
  const cut = { nodeName: old, fault: { kind: CUT }, ttlMs: 120_000 };
  const fault = await inject(address, cut, "rehearsal");
  expect(fault).toMatchObject({ by: "fleet://admin", reason: "rehearsal", fault: { kind: CUT } });
  await fleet.untilStatus(client, ({ leader, nodes }) =>
    nodes.some(({ name, nodeId }) => nodeId === leader && name !== old),
  );
  expect(await client.listFaults(address)).toMatchObject({ allowed: true, faults: [{ id: fault.id }] });
  expect(await client.clearFaults(address, { nodeName: old, ids: [fault.id] })).toMatchObject({ faults: [] });
  await healthy();
});

test("a fault ends by itself", async () => {
  const { address, name } = await nodeOf("n1");
  await inject(address, { nodeName: name, fault: { kind: CUT }, ttlMs: 700 });
  await expect.poll(async () => (await client.listFaults(address)).faults).toEqual([]);
  await healthy();
});

test("a full disk shows in the status at once", async () => {
  const { address, name } = await nodeOf("n2");
  const fault: Fault = { kind: { $case: "fullDisk", value: {} } };
  await inject(address, { nodeName: name, fault, ttlMs: 60_000 });
  await fleet.untilStatus(client, ({ nodes }) =>
    nodes.some((node) => node.name === name && node.status?.diskFull === true),
  );
  await client.clearFaults(address, { nodeName: name, ids: [] });
  await healthy();
});

test.each([
  { request: { nodeName: "n9", ttlMs: 1_000 }, code: "REPLICA_MISMATCH" },
  { request: { nodeName: "n1", ttlMs: 1 }, code: "FAULT_INVALID" },
  { request: { nodeName: "n1", ttlMs: 3_600_001 }, code: "FAULT_INVALID" },
  { request: { nodeName: "n1", ttlMs: 1_000, fault: undefined }, code: "FAULT_INVALID" },
])("$request is refused: $code", async ({ request, code }) => {
  const { address } = await nodeOf("n1");
  const injected = client.injectFault(address, {
    fault: { kind: CUT },
    reason: "",
    entryIndex: 0,
    ...request,
  });
  await expect(injected).rejects.toMatchObject({ code });
});

test("without an entry of the audit log that names it, a node makes no fault", async () => {
  const { address } = await nodeOf("n1");
  const noted = async (operation: Operation) => (await client.submit(operation, { reason: "" })).index;
  const drill = (victims: string[]): Operation => ({
    kind: { $case: "noteDrill", value: { drillId: "d-2", drill: "partition", victims } },
  });
  const used = await noted(drill(["n2", "n1"]));
  const cut = { nodeName: "n1", fault: { kind: CUT }, ttlMs: 100, reason: "" };
  await client.injectFault(address, { ...cut, entryIndex: used });
  const entries = {
    none: 0,
    "used already": used,
    "another node's": await noted(drill(["n2"])),
    "for something else": await noted({ kind: { $case: "noteFence", value: { name: "n1" } } }),
  };
  for (const [why, entryIndex] of Object.entries(entries)) {
    const refusal = await client.injectFault(address, { ...cut, entryIndex }).then(
      () => null,
      (error: unknown) => (error as OperatorError).code,
    );
    expect({ why, refusal }).toEqual({ why, refusal: "AUDIT_ENTRY_MISSING" });
  }
  await expect.poll(async () => (await client.listFaults(address)).faults).toEqual([]);
});

test("a coordinator that was not started with --allow-faults takes none, and says why", async () => {
  const file = await fleet.edit((text) => text.replace("faults: allowed\n", ""));
  expect(file).not.toContain("faults:");
  await fleet.run("down");
  await fleet.run("up");
  const { address } = await nodeOf("n1");
  expect(await client.listFaults(address)).toMatchObject({ allowed: false, faults: [] });
  const injected = client.injectFault(address, {
    ...{ nodeName: "n1", fault: { kind: CUT }, ttlMs: 1_000, reason: "", entryIndex: 0 },
  });
  await expect(injected).rejects.toMatchObject({
    code: "FAULTS_NOT_ALLOWED",
    parts: { what: expect.stringContaining("--allow-faults") },
  });
});
