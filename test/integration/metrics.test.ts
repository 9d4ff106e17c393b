// Every process of a real fleet is scraped; the leader dies, and what is left shows it.

import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import { parseExposition, sampleOf } from "../unit/metrics/parse-exposition.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const NODES = ["n1", "n2", "n3"];
const LIMIT_MS = 120_000;

let fleet: TestFleet;
/** Where each process shows its metrics. */
let addresses: ReadonlyMap<string, string>;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "4");
  const { processes } = await loadLocalFleet(fleet.directory);
  addresses = new Map(processes.map(({ name, metrics }) => [name, metrics ?? ""]));
});
afterAll(() => fleet.dispose());

async function get(name: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://${addresses.get(name)}${path}`);
  return { status: response.status, body: await response.text() };
}

const scrape = async (name: string): Promise<string> => (await get(name, "/metrics")).body;

/** Looks until `wanted` holds. Throws with the last look when it never does. */
async function until<Value>(look: () => Promise<Value>, wanted: (value: Value) => boolean): Promise<Value> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const value = await look();
    if (wanted(value)) return value;
    if (performance.now() > endMs) throw new Error(`never came to be: ${JSON.stringify(value)}`);
  }
}

async function ask(name: string, metric: string, labels: Readonly<Record<string, string>> = {}) {
  return sampleOf(await scrape(name), metric, labels);
}

test("every process shows itself in text that Prometheus takes, alive and ready", async () => {
  expect([...addresses.keys()].sort()).toEqual(["agents", ...NODES, "s1", "s2"]);
  for (const name of addresses.keys()) {
    expect(await get(name, "/healthz")).toEqual({ status: 200, body: "ok\n" });
    // A node may hear of the first leader a heartbeat after `fleet init` has.
    await until(
      () => get(name, "/readyz"),
      ({ status, body }) => status === 200 && body === "ready\n",
    );
    const text = await scrape(name);
    expect(parseExposition(text).filter(({ type, samples }) => type === "" || samples.length === 0)).toEqual(
      [],
    );
    expect(sampleOf(text, "process_resident_memory_bytes")).toBeGreaterThan(1e6);
    expect(sampleOf(text, "fleet_certificate_expiry_timestamp_seconds", { file: "cert" })).toBeGreaterThan(
      Date.now() / 1000,
    );
    const lint = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    if (lint.error === undefined) expect(`${lint.stdout}${lint.stderr}`).toBe("");
  }
});

test("sessions, bindings and shards are seen where they are, and nowhere a cluster's name", async () => {
  const client = await fleet.client();
  // Leaders may change: each process counts what it accepted itself.
  const accepted = async (name: string) =>
    sampleOf(await scrape(name), "fleet_proposals_total", { result: "accepted" }) ?? 0;
  // A report is counted a write before what it says of bindings is applied.
  const seen = async () => {
    const text = await scrape(leaderOf(await fleet.untilStatus(client, ({ leader }) => leader !== null)));
    const roundTrips = parseExposition(text).find(({ name }) => name === "fleet_peer_round_trip_seconds");
    return {
      sessions: sampleOf(text, "fleet_reported_sessions"),
      bindings: sampleOf(text, "fleet_bindings"),
      alive: sampleOf(text, "fleet_shards", { state: "alive" }),
      active: sampleOf(text, "fleet_raft_voters_active"),
      roundTrips: roundTrips?.samples.length,
      hasAccepted: (await Promise.all(NODES.map(accepted))).some((count) => count > 0),
      hasSynced: (sampleOf(text, "fleet_wal_sync_duration_seconds_count") ?? 0) > 0,
    };
  };
  const all = { sessions: 4, bindings: 4, alive: 2, active: 3, roundTrips: 2 };
  await expect.poll(seen).toEqual({ ...all, hasAccepted: true, hasSynced: true });
  await expect.poll(() => ask("s1", "fleet_shard_sessions")).toBe(2);
  await expect.poll(() => ask("agents", "fleet_agents", { state: "connected" })).toBe(4);
  for (const name of addresses.keys()) expect(await scrape(name)).not.toMatch(/"c\d"/);
});

test("`fleet status -o wide` says where a node's metrics are", async () => {
  const { stdout } = await fleet.run("status", "-o", "wide");
  for (const name of NODES) expect(stdout).toContain(addresses.get(name));
});

test("a node says how much room its disk has, in its status and in its metrics", async () => {
  const client = await fleet.client();
  const { nodes } = await client.status();
  for (const { name, status } of nodes) {
    const { freeBytes = 0, totalBytes = 0 } = status?.vitals?.diskRoom ?? {};
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(freeBytes);
    expect(await ask(name, "fleet_disk_size_bytes")).toBe(totalBytes);
    expect(await ask(name, "fleet_disk_free_bytes")).toBeGreaterThan(0);
  }
});

test("a log holds one JSON object a line, with a level, a time and a fact, and no secret", async () => {
  for (const name of addresses.keys()) {
    const lines = (await readFile(join(fleet.directory, name, "log"), "utf8")).trim().split("\n");
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.stringMatching(/^(info|warn|error)$/),
        time: expect.any(String),
        msg: expect.any(String),
      });
      expect(line).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE/);
    }
  }
});

test("the leader dies: survivors count the change; without a quorum none is ready, and says why; then all is well", async () => {
  const client = await fleet.client();
  const old = leaderOf(await fleet.untilStatus(client, ({ verdict }) => verdict === "healthy"));
  const survivors = NODES.filter((name) => name !== old);
  const changes = await Promise.all(survivors.map((name) => ask(name, "fleet_leader_changes_total")));
  await fleet.kill(old);
  for (const [at, name] of survivors.entries()) {
    await until(
      () => ask(name, "fleet_leader_changes_total"),
      (now) => (now ?? 0) > (changes[at] ?? 0),
    );
    await until(
      () => get(name, "/readyz"),
      ({ status }) => status === 200,
    );
  }
  const leading = async () => leaderOf(await fleet.untilStatus(client, ({ leader }) => leader !== null));
  await expect.poll(async () => ask(await leading(), "fleet_raft_voters_active")).toBe(2);
  const next = await leading();
  const last = survivors.find((name) => name !== next) ?? "";
  await fleet.kill(next);
  const unready = await until(
    () => get(last, "/readyz"),
    ({ status }) => status !== 200,
  );
  expect(unready).toEqual({ status: 503, body: "not ready: it knows no leader\n" });
  expect(await get(last, "/healthz")).toMatchObject({ status: 200 });
  expect(await get("s1", "/readyz")).toMatchObject({ status: 200 });
  expect(await ask(last, "fleet_raft_has_leader")).toBe(0);
  for (const name of [old, next]) await fleet.start(name);
  for (const name of NODES) {
    await until(
      () => get(name, "/readyz").catch(() => ({ status: 0, body: "" })),
      ({ status }) => status === 200,
    );
  }
});
