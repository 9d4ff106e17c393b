// What encryption at rest costs (ADR-0031). Two fleets, one of them encrypted, take writes at the same time. A snapshot
// is saved and opened with and without encryption. Everything is measured in turn.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLEET_GROUP, logIndex, nodeId, term } from "../src/core/base/ids.ts";
import { newKeyText, parseOperatorKeys } from "../src/core/seal/operator-keys.ts";
import { DiskStorage } from "../src/core/storage/disk-storage.ts";
import { compare, type Level, levelAt } from "./load/compare.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { median } from "./statistics.ts";
import { formatRange, type Table } from "./table.ts";

const OUTSTANDING = [1, 64] as const;
const ROUNDS = 5;
const SNAPSHOT_MEGABYTES = 64;
const MEGABYTE = 1024 * 1024;
const PART_BYTES = 256 * 1024;

export async function benchRest(rounds = ROUNDS, megabytes = SNAPSHOT_MEGABYTES): Promise<readonly Table[]> {
  return [await writesTable(rounds), await snapshotTable(rounds, megabytes)];
}

async function writesTable(rounds: number): Promise<Table> {
  const plain = await FleetStore.start({ nodes: 3, tls: "mutual" });
  try {
    const encrypted = await FleetStore.start({ nodes: 3, tls: "mutual", encrypted: true });
    try {
      const compared = await compare([plain, encrypted], OUTSTANDING, rounds);
      const at = (store: FleetStore, outstanding: number) =>
        levelAt(compared.get(store) ?? new Map(), outstanding);
      return {
        title: `Writes on the write stream, mutual TLS, medians of ${rounds} rounds (lowest–highest)`,
        header: [
          "outstanding",
          "at rest",
          "writes/s",
          "÷ plain",
          "p50",
          "÷ plain",
          "CPU µs a write, servers",
        ],
        rows: OUTSTANDING.flatMap((outstanding) => {
          const [without, sealed] = [at(plain, outstanding), at(encrypted, outstanding)];
          return [
            row(outstanding, "plain", without, without),
            row(outstanding, "encrypted", sealed, without),
          ];
        }),
      };
    } finally {
      await encrypted.dispose();
    }
  } finally {
    await plain.dispose();
  }
}

function row(outstanding: number, what: string, level: Level, plain: Level): string[] {
  const { writesPerSecond, lowest, highest, p50Ms, serverCpuUs } = level;
  return [
    ...[String(outstanding), what, formatRange(writesPerSecond, lowest, highest)],
    ...[times(writesPerSecond / plain.writesPerSecond), ms(p50Ms), times(p50Ms / plain.p50Ms)],
    serverCpuUs.toFixed(0),
  ];
}

interface SnapshotTimes {
  readonly savedMs: number;
  readonly openedMs: number;
}

async function snapshotTable(rounds: number, megabytes: number): Promise<Table> {
  const measured = { plain: [] as SnapshotTimes[], encrypted: [] as SnapshotTimes[] };
  for (let round = 0; round < rounds; round++) {
    measured.plain.push(await saveAndOpen(megabytes, false));
    measured.encrypted.push(await saveAndOpen(megabytes, true));
  }
  const of = (kind: keyof typeof measured, key: keyof SnapshotTimes) =>
    median(measured[kind].map((each) => each[key]));
  const line = (what: string, key: keyof SnapshotTimes) => {
    const [plain, encrypted] = [of("plain", key), of("encrypted", key)];
    return [what, ms(plain), ms(encrypted), times(encrypted / plain)];
  };
  return {
    title: `A snapshot of ${megabytes} MiB, medians of ${rounds} rounds`,
    header: ["what", "plain", "encrypted", "÷ plain"],
    rows: [line("saved, synced", "savedMs"), line("opened at a start, checked", "openedMs")],
  };
}

async function saveAndOpen(megabytes: number, isEncrypted: boolean): Promise<SnapshotTimes> {
  const directory = await mkdtemp(join(tmpdir(), "fleet-rest-"));
  const keys = parseOperatorKeys(newKeyText(), "the bench");
  const encryption = isEncrypted ? { keys, existing: false } : null;
  const options = { directory, identity: { clusterId: "bench", nodeId: nodeId(1) }, encryption };
  try {
    const storage = await DiskStorage.open(options);
    const [index, atTerm] = [logIndex(1), term(1)];
    const hardState = { term: atTerm, vote: nodeId(0), commit: index };
    const entry = { index, term: atTerm, type: "normal" as const, data: new Uint8Array(8) };
    await storage.write({ group: FLEET_GROUP, hardState, entries: [entry], snapshot: null });
    const savedMs = await timed(() =>
      storage.saveSnapshot(FLEET_GROUP, {
        ...{ index, term: atTerm, encode: () => partsOf(megabytes) },
        confState: {
          voters: [nodeId(1)],
          learners: [],
          votersOutgoing: [],
          learnersNext: [],
          autoLeave: false,
        },
      }),
    );
    await storage.close();
    const openedMs = await timed(async () => (await DiskStorage.open(options)).close());
    return { savedMs, openedMs };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function* partsOf(megabytes: number): AsyncGenerator<Uint8Array> {
  const part = new Uint8Array(PART_BYTES).fill(0x5a);
  for (let left = megabytes * MEGABYTE; left > 0; left -= PART_BYTES) yield part;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const times = (ratio: number): string => `${ratio.toFixed(2)}×`;
