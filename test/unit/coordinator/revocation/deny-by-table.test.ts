// A coordinator's deny-list is that of its applied state, but never older than what it has on its disk.

import { afterEach, beforeEach, expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { FleetMachine } from "../../../../src/core/coordinator/group/fleet-machine.ts";
import { denyByTable } from "../../../../src/core/coordinator/revocation/deny-by-table.ts";
import { encodeCommand } from "../../../../src/core/fleet/command-codec.ts";
import { encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import { HeldDenials } from "../../../../src/core/wire/tls/held-denials.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";
import { command, type OperationKind } from "../../fleet/replica.ts";

let folder: string;
let denyList: DenyList;
let held: HeldDenials;
beforeEach(async () => {
  folder = await makeFolder();
  denyList = new DenyList();
  held = await HeldDenials.open(folder, denyList, silentLog);
});
afterEach(async () => {
  await held.close();
  await removeFolder(folder);
});

const revoke = (subject: string): OperationKind => ({
  $case: "revokeCertificate",
  value: { subject, issuedBeforeMs: 0, holder: "", endsAtMs: 0 },
});
const unrevoke = (subject: string): OperationKind => ({ $case: "unrevokeCertificate", value: { subject } });
const denies = (serial: string) => denyList.denies({ serial, uri: "fleet://admin", notBeforeMs: 0 });

function apply(machine: FleetMachine, index: number, kind: OperationKind): void {
  machine.applyAtOnce(logIndex(index), encodeCommand(command(kind), 2));
}

test("each change is in force once it is applied, and no more once it is not followed", () => {
  const machine = new FleetMachine();
  const stop = denyByTable(machine, "i1", held);
  apply(machine, 1, revoke("A1"));
  expect([denies("A1"), denies("B2")]).toEqual([true, false]);
  apply(machine, 2, unrevoke("A1"));
  expect(denies("A1")).toBe(false);
  stop();
  apply(machine, 3, revoke("B2"));
  expect(denies("B2")).toBe(false);
});

test("while a snapshot takes the state's place, what was revoked stays so", () => {
  const source = new FleetMachine();
  apply(source, 1, revoke("A1"));
  apply(source, 9, revoke("B2"));
  const snapshot = encodeSnapshot(source.view);
  const machine = new FleetMachine();
  denyByTable(machine, "i1", held);
  apply(machine, 1, revoke("A1"));
  const restoring = machine.restore(logIndex(9));
  expect(machine.view.tables.revocations.size).toBe(0);
  expect(denies("A1")).toBe(true);
  restoring.add(snapshot);
  restoring.finish();
  expect([denies("A1"), denies("B2")]).toEqual([true, true]);
});

test("a state that is behind what the disk has lifts nothing; another incarnation's counts from its beginning", async () => {
  held.take({ incarnation: "i1", version: 7, denials: [{ subject: "A1", issuedBeforeMs: 0 }] });
  const machine = new FleetMachine();
  apply(machine, 1, revoke("B2"));
  const stop = denyByTable(machine, "i1", held);
  expect([denies("A1"), denies("B2")]).toEqual([true, false]);
  apply(machine, 8, revoke("C3"));
  expect([denies("A1"), denies("B2"), denies("C3")]).toEqual([false, true, true]);
  stop();
  denyByTable(machine, "i2", held);
  expect(held.held).toMatchObject({ incarnation: "i2", version: 8 });
});
