// Exported snapshots outlive the certificates that signed them: the leader signs their manifests again with its own, while
// it can still prove them (ADR-0064).

import { beforeAll, beforeEach, expect, test } from "vitest";
import { createAuthority, issueCertificate, type PemPair } from "../../../../src/client/cert/certs.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { manifestSigning } from "../../../../src/core/coordinator/exports/sign-manifests.ts";
import {
  type ExportReport,
  SnapshotSchedule,
} from "../../../../src/core/coordinator/exports/snapshot-schedule.ts";
import { exportSnapshot } from "../../../../src/core/export/export-snapshot.ts";
import { parseManifest } from "../../../../src/core/export/manifest.ts";
import { manifestKey } from "../../../../src/core/export/snapshot-name.ts";
import { canonicalSerial, DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import { leafOf, type TlsMaterial } from "../../../../src/core/wire/tls/tls.ts";
import { captured, inspect, MemoryStore } from "../../export/samples.ts";

const KEEP = 2;
const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
const NOW_MS = Date.now();

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
let before: PemPair;
let after: PemPair;
let store: MemoryStore;

beforeAll(async () => {
  [before, after] = [await createAuthority("before"), await createAuthority("after")];
});
beforeEach(() => {
  store = new MemoryStore();
  store.modifiedMs = NOW_MS;
});

/** A replica whose certificate is by `issuer`, and that trusts `trusted`. */
class Leader {
  readonly tls: Mutable<TlsMaterial>;
  readonly reports: ExportReport[] = [];
  readonly schedule: SnapshotSchedule;
  nowMs = NOW_MS;
  #entries = 6;
  #tick: () => void = () => undefined;

  static async of(id: number, issuer: PemPair, ...trusted: PemPair[]): Promise<Leader> {
    const leader = new Leader();
    await leader.renew(id, issuer);
    leader.trust(...trusted);
    return leader;
  }

  private constructor() {
    const none = Buffer.alloc(0);
    this.tls = { ca: none, cert: none, key: none, denyList: new DenyList() };
    const capture = () => captured(this.#entries, { atMs: this.nowMs });
    this.schedule = new SnapshotSchedule({
      ...{ store, clusterId: "id-1", everyMs: EVERY_MS, keep: KEEP, inspect },
      signing: manifestSigning(this.tls, () => this.nowMs),
      ...{
        groupsApplied: () => "",
        leads: () => true,
        lastIndex: () => 20,
        stateHash: () => capture().manifest.stateHash,
      },
      capture: async () => capture(),
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      timers: {
        every: (_, action) => {
          this.#tick = action;
          return () => undefined;
        },
        after: () => () => undefined,
      },
      random: new SeededPrng(1),
      onReport: (report) => this.reports.push(report),
      errors: { note: () => "" },
    });
  }

  async renew(id: number, issuer: PemPair, days = 30): Promise<void> {
    const uri = `fleet://replica/${id}`;
    const issued = await issueCertificate(issuer, { commonName: "x", uri, ipAddresses: [], days });
    this.tls.cert = Buffer.from(issued.certificate);
    this.tls.key = Buffer.from(issued.key);
  }

  trust(...trusted: PemPair[]): void {
    this.tls.ca = Buffer.from(trusted.map(({ certificate }) => certificate).join("\n"));
  }

  /** One look at the clock. */
  async look(): Promise<void> {
    this.#tick();
    await expect.poll(() => this.schedule.isBusy, { interval: 1 }).toBe(false);
  }

  /** A change of the state, and the export that is due for it. Returns the indexes that the store has afterwards. */
  async export(): Promise<readonly number[]> {
    this.#entries += 1;
    this.nowMs += 2 * EVERY_MS;
    await this.look();
    return indexes();
  }

  count(kind: ExportReport["kind"]): number {
    return this.reports.filter((report) => report.kind === kind).length;
  }
}

const indexes = () =>
  [...new Set([...store.objects.keys()].map((key) => Number(key.split("/")[0]?.split("-")[1])))].sort(
    (a, b) => a - b,
  );

/** Two snapshots, exported by another replica under the authority before. */
async function exportedBefore(): Promise<Leader> {
  const other = await Leader.of(2, before, before);
  for (const entries of [4, 5]) {
    const atMs = NOW_MS - (9 - entries) * EVERY_MS;
    await exportSnapshot(
      store,
      captured(entries, { atMs }),
      inspect,
      null,
      manifestSigning(other.tls, Date.now),
    );
  }
  return other;
}

const revoke = ({ tls }: Leader, signer: TlsMaterial) =>
  tls.denyList?.replace([{ subject: canonicalSerial(leafOf(signer).serialNumber), issuedBeforeMs: 0 }]);

test("the stages of a new authority, each seen by the leader", async () => {
  await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  expect(await leader.export()).toEqual([5, 7]);
  await leader.renew(1, after);
  await leader.look();
  expect(leader.count("resigned"), "at once, before an export is due").toBe(2);
  leader.trust(after);
  expect(await leader.export()).toEqual([7, 8]);
  expect(leader.count("unproved")).toBe(0);
});

test("both changes between two looks: the leader remembers what it has proved", async () => {
  await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  await leader.export();
  await leader.renew(1, after);
  leader.trust(after);
  expect(await leader.export()).toEqual([7, 8]);
  expect(leader.count("resigned")).toBe(2);
});

test("a later leader, which never trusted the authority before, counts what was signed again", async () => {
  await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  await leader.renew(1, after);
  await leader.export();
  const next = await Leader.of(3, after, after);
  next.nowMs = leader.nowMs;
  await next.export();
  expect(await next.export()).toEqual([7, 8]);
  expect(next.count("unproved")).toBe(0);
});

test("the signer's certificate ends: a later one signs again when a third of its validity is left", async () => {
  await exportedBefore();
  const leader = await Leader.of(1, before, before);
  await leader.renew(1, before, 60);
  leader.nowMs += 19 * DAY_MS;
  await leader.look();
  expect(leader.count("resigned")).toBe(0);
  leader.nowMs += 2 * DAY_MS;
  await leader.look();
  expect(leader.count("resigned")).toBeGreaterThan(0);
  leader.nowMs += 12 * DAY_MS;
  await leader.export();
  expect(await leader.export(), "those of the ended certificate were deleted").toHaveLength(KEEP);
});

test("an earlier signer's certificate is revoked: what it vouched for counts no more, whoever signed it since", async () => {
  const other = await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  await leader.renew(1, after);
  await leader.look();
  expect(leader.count("resigned")).toBe(2);
  revoke(leader, other.tls);
  await leader.export();
  expect(await leader.export()).toEqual([5, 7, 8]);
  expect(leader.reports).toContainEqual({ kind: "unproved", count: 1 });
});

test("what a revoked certificate signed is not signed again", async () => {
  const other = await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  revoke(leader, other.tls);
  await leader.renew(1, after);
  await leader.export();
  expect(leader.count("resigned")).toBe(0);
});

test("who signed earlier is part of what is signed", async () => {
  await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  await leader.renew(1, after);
  await leader.look();
  for (const [key, bytes] of [...store.objects].filter(
    ([key]) => key === manifestKey(key.split("/")[0] ?? ""),
  )) {
    const { signature, ...manifest } = JSON.parse(Buffer.from(bytes).toString());
    const { certificate, value } = signature;
    const stripped = { ...manifest, signature: { certificate, value } };
    expect(parseManifest(Buffer.from(JSON.stringify(stripped))).ok).toBe(true);
    store.objects.set(key, Buffer.from(JSON.stringify(stripped)));
  }
  await leader.export();
  expect(leader.reports).toContainEqual({ kind: "unproved", count: 1 });
});

test("a store that takes no second manifest: exports go on, and the leader still counts the first", async () => {
  await exportedBefore();
  const leader = await Leader.of(1, before, before, after);
  await leader.look();
  store.before = (operation, key) => {
    if (operation === "put" && store.objects.has(key)) throw new Error("object lock");
  };
  await leader.renew(1, after);
  leader.trust(after);
  await leader.look();
  expect(leader.reports).toContainEqual(
    expect.objectContaining({ kind: "unresigned", error: "object lock" }),
  );
  expect(leader.count("failed")).toBe(0);
  await leader.export();
  expect(await leader.export()).toEqual([7, 8]);
});
