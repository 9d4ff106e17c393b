// Certificates and the authority are renewed under a running fleet that is being written to. Nothing acknowledged is
// lost, and later connections show the new certificate. What the old authority signed opens nothing any more.

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAuthority } from "../../src/client/cert/authority.ts";
import { holdersOf, issueFor } from "../../src/client/cert/holders.ts";
import { dial } from "../../src/client/cert/proof.ts";
import { replacePair } from "../../src/client/cert/replace-pair.ts";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import { authorityFiles, holderTls, processFiles } from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const DRILL = "rotation";
const LIMIT_MS = 120_000;
let fleet: TestFleet;
let client: FleetClient;

beforeEach(async () => {
  fleet = await TestFleet.init("--nodes", "3", "--shards", "1", "--clusters", "1");
  client = await fleet.client();
});
afterEach(() => fleet.dispose());

const admin = () => loadTls(holderTls(fleet.directory, "admin"));
const authority = async () => new X509Certificate(await readFile(authorityFiles(fleet.directory).cert));

/** By name, the certificate that each process shows to a new connection. */
async function shown(): Promise<Map<string, X509Certificate>> {
  const { processes } = await loadLocalFleet(fleet.directory);
  const servers = processes.flatMap(({ name, address }) => (address === null ? [] : [{ name, address }]));
  const dialed = servers.map(async ({ name, address }) => [name, await untilShown(address)] as const);
  return new Map(await Promise.all(dialed));
}

/** A busy machine's server may be late for a handshake. */
async function untilShown(address: string): Promise<X509Certificate> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const by = await dial(address, admin());
    if (by.kind === "accepted") return present(by.leaf, "a server shows a certificate");
    if (performance.now() > endMs) throw new Error(`${address} accepts no handshake: ${JSON.stringify(by)}`);
  }
}

const logOf = (name: string) => readFile(processFiles(fleet.directory, name).log, "utf8");
const serials = async () => new Map([...(await shown())].map(([name, leaf]) => [name, leaf.serialNumber]));

function write(): SteadyWriter {
  const options = { drillId: DRILL, rate: 50, now: () => performance.now(), onEvent: () => undefined };
  return new SteadyWriter(client, options);
}

async function expectNoneLost(writer: SteadyWriter): Promise<void> {
  const acknowledged = (await writer.stop()).filter(({ result }) => result === "acknowledged");
  const { probes } = await client.listProbes(DRILL);
  const kept = new Set(probes.map(({ number }) => number));
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(acknowledged.filter(({ number }) => !kept.has(number))).toEqual([]);
}

test("new certificates, for all or for one", async () => {
  const before = await serials();
  const writer = write();
  expect(await fleet.run("cert", "rotate", "--yes")).toMatchObject({ exit: 0 });
  const after = await serials();
  for (const [name, serial] of before) expect(after.get(name)).not.toBe(serial);
  expect(await fleet.run("cert", "rotate", "n2", "--yes")).toMatchObject({ exit: 0 });
  const last = await serials();
  expect([...last].filter(([name, serial]) => after.get(name) !== serial).map(([name]) => name)).toEqual([
    "n2",
  ]);
  await expectNoneLost(writer);
});

test("a new authority, stopped between two stages and gone on with", async () => {
  const [old, oldAdmin] = [await authority(), admin()];
  const writer = write();
  expect(await fleet.run("cert", "rotate", "--ca", "--stage", "bundle", "--yes")).toMatchObject({ exit: 0 });
  for (const leaf of (await shown()).values()) expect(leaf.checkIssued(old)).toBe(true);
  // A node that starts meanwhile finds its old pair whole, and both authorities.
  const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
  await fleet.kill(leader);
  await fleet.start(leader);
  await fleet.untilStatus(client, (status) => status.verdict === "healthy");
  expect(await fleet.run("cert", "rotate", "--ca", "--yes")).toMatchObject({ exit: 0 });
  const now = await authority();
  for (const leaf of (await shown()).values())
    expect([leaf.checkIssued(now), leaf.verify(now.publicKey)]).toEqual([true, true]);

  const strangers = { ca: admin().ca, cert: oldAdmin.cert, key: oldAdmin.key };
  const { processes } = await loadLocalFleet(fleet.directory);
  for (const { address } of processes) {
    if (address === null) continue;
    await expect.poll(() => dial(address, strangers)).toMatchObject({ kind: "refused" });
  }
  await expectNoneLost(writer);

  // Peers, shards and agents that dial anew do it with the new certificates.
  for (const name of ["n1", "s1"]) {
    await fleet.kill(name);
    await fleet.start(name);
  }
  await fleet.untilStatus(client, (status) => status.verdict === "healthy");
  const sessions = async () => {
    const { clusters } = await client.listClusters();
    return clusters.map(({ clusterId, observed }) => [clusterId, observed.some((row) => row.session)]);
  };
  await expect.poll(sessions).toEqual([["c1", true]]);
});

test("a certificate that has ended changes nothing under a node, and a node that starts with it says so", async () => {
  const before = (await shown()).get("n3")?.serialNumber;
  const { pair } = await readAuthority(authorityFiles(fleet.directory));
  const holder = present(
    holdersOf(fleet.directory, (await loadLocalFleet(fleet.directory)).file).find(
      ({ name }) => name === "n3",
    ),
    "n3 is a node",
  );
  const ended = await issueFor(holder, pair, -0.01);
  await replacePair(holder.files, ended, join(fleet.directory, "kept"));
  await expect
    .poll(() => logOf("n3"))
    .toContain("the new certificate files cannot be used; the old ones stay in use");
  expect(await logOf("n3")).toContain("n3.crt ended at");
  expect((await shown()).get("n3")?.serialNumber).toBe(before);
  expect(await fleet.run("up")).toMatchObject({ exit: 0 });
  const told = expect.stringMatching(/n3 .* still uses its old certificate, since .*n3\.crt ended at/);
  expect(await fleet.run("status")).toMatchObject({ exit: 5, stdout: told });

  await fleet.kill("n3");
  const up = await fleet.run("up");
  expect(up).toMatchObject({ exit: 5, stderr: expect.stringContaining("FLEET_E_NODES_UNREACHABLE") });
  expect(await logOf("n3")).toContain("the certificate in use is not valid");
  const status = await fleet.run("status");
  expect(status).toMatchObject({ exit: 5, stdout: expect.stringContaining("its certificate has expired") });

  expect(await fleet.run("cert", "rotate", "n3", "--yes")).toMatchObject({ exit: 0 });
  await fleet.untilStatus(client, ({ verdict }) => verdict === "healthy");
});

test("a process that cannot use its new files stops the change before the old authority is dropped", async () => {
  await fleet.pause("n3");
  const ran = await fleet.run("cert", "rotate", "--ca", "--yes");
  expect(ran).toMatchObject({ exit: 7, stderr: expect.stringContaining("n3") });
  await fleet.resume("n3");
  expect(await fleet.run("cert", "rotate", "--ca", "--yes")).toMatchObject({ exit: 0 });
  expect((await shown()).get("n3")?.checkIssued(await authority())).toBe(true);
});
