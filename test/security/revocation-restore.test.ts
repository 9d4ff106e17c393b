// A snapshot from before a revocation does not bring the revoked certificate back (ADR-0026). The restore writes the
// old data folder's revocations behind the restored state. They are in force from the first handshake on.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { heldLists, NO_WISH } from "../../src/client/recover/kept-revocations.ts";
import { keptBeside } from "../../src/client/snapshot/kept-revocations.ts";
import { restoreData } from "../../src/client/snapshot/restore-data.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { leafOf, loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { PATIENT } from "../integration/local-fleet.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { plainSettings } from "../plain-settings.ts";
import { reservePorts } from "../reserved-ports.ts";
import { revoke, WAIT_MS } from "./revoking.ts";

let home: string;
let authority: TestAuthority;
let address: string;
let running: RunningCoordinator | null = null;
const clients: { close(): void }[] = [];

beforeEach(async () => {
  home = await makeFolder();
  authority = await TestAuthority.make();
  await authority.issue("n1", ["fleet://replica/1"]);
  await authority.issue("admin", ["fleet://admin"]);
  await authority.issue("thief", ["fleet://readonly"]);
  [address = ""] = await reservePorts(home, 1);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await running?.close();
  await rm(authority.folder, { recursive: true, force: true });
  await removeFolder(home);
});

/** Replaces the one that runs. */
async function start(clusterId: string, dataDirectory: string, bootstrap: boolean): Promise<void> {
  for (const client of clients.splice(0)) client.close();
  await running?.close();
  await mkdir(dataDirectory, { recursive: true });
  running = await startCoordinator({
    ...plainSettings,
    ...{ self: nodeId(1), clusterId, clusterName: "test", version: "test", bootstrap, groups: 0 },
    ...{ replicas: [{ id: nodeId(1), name: "n1", address }], listen: address, dataDirectory },
    ...{ tls: authority.files("n1") },
    ...{ log: silentLog },
    onFatal: (error) => {
      throw error;
    },
  });
}

function admin(): FleetClient {
  const endpoints = [{ nodeId: 1, name: "n1", address }];
  const target = { name: "test", origin: "test", settings: [], endpoints, tls: authority.files("admin") };
  const client = FleetClient.connect(target, PATIENT);
  clients.push(client);
  return client;
}

/** Why the thief is refused; null = it is not. */
async function refusal(): Promise<string | null> {
  const client = connectCoordinator(loadTls(authority.files("thief")), address);
  try {
    await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, { endMs: performance.now() + WAIT_MS });
    return null;
  } catch (error) {
    return readRpcError(error).reason;
  } finally {
    client.close();
  }
}

const serialOf = (holder: string) => leafOf(loadTls(authority.files(holder))).serialNumber.replace(/^0+/, "");

async function raised(client: FleetClient): Promise<void> {
  const isRaised = async () => (await client.status()).nodes[0]?.status?.clusterVersion === 2;
  await expect.poll(isRaised, { timeout: WAIT_MS }).toBe(true);
}

test.each([
  { drop: false, is: "CERTIFICATE_REVOKED", subjects: 2, why: "it stays revoked" },
  { drop: true, is: null, subjects: 1, why: "the operator gives the revocation up" },
])("a certificate that was revoked after the export: $why", async ({ drop, is, subjects }) => {
  const [before, after] = [join(home, "before"), join(home, "after")];
  await start("c-old", before, true);
  const old = admin();
  await raised(old);
  await revoke(old, "ABCDEF");
  const snapshot = { name: "20260101T000000000Z-9", ...(await old.saveSnapshot()) };
  await revoke(old, serialOf("thief"));
  await expect.poll(refusal, { timeout: WAIT_MS }).toBe("CERTIFICATE_REVOKED");
  await running?.close();

  const kept = keptBeside(snapshot, [], { ...NO_WISH, lists: await heldLists([before]), drop });
  expect(kept.report).toEqual({ subjects: [serialOf("thief")], dropped: drop, lists: [before] });
  const wish = { snapshot, place: "/exports", compared: [], node: null, reason: "all disks", kept };
  const { clusterId } = await restoreData({ data: after, address }, wish, { onProgress: () => undefined });
  await start(clusterId ?? "", after, false);
  expect(await refusal()).toBe(is);
  const { revocations } = await admin().listRevocations({ deadlineMs: WAIT_MS });
  expect(revocations.map(({ subject }) => subject).sort()).toHaveLength(subjects);
  const { entries } = await admin().listAudit({ deadlineMs: WAIT_MS });
  const said = entries.filter(({ operation }) => operation === "keepRevocations");
  expect(said.map(({ what }) => what)).toEqual(
    drop ? [] : [`keep 1 revocations that the copy lacked: ${serialOf("thief")}`],
  );
});
