// A writer to the store of exported snapshots can forge manifests. A leader neither counts forged ones nor deletes
// snapshots because of them (ADR-0011).

import { beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../../src/client/cert/certs.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { manifestSigning } from "../../../../src/core/coordinator/exports/sign-manifests.ts";
import {
  type ExportReport,
  SnapshotSchedule,
} from "../../../../src/core/coordinator/exports/snapshot-schedule.ts";
import { readCatalog } from "../../../../src/core/export/catalog.ts";
import { exportSnapshot } from "../../../../src/core/export/export-snapshot.ts";
import { encodeManifest, parseManifest } from "../../../../src/core/export/manifest.ts";
import type { ManifestSigning } from "../../../../src/core/export/manifest-signature.ts";
import { manifestKey, snapshotName, stateKey } from "../../../../src/core/export/snapshot-name.ts";
import { DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import { leafOf, type TlsMaterial } from "../../../../src/core/wire/tls/tls.ts";
import { captured, inspect, MemoryStore } from "../../export/samples.ts";

const KEEP = 2;
const EVERY_MS = 60_000;
const NOW_MS = Date.now();

let replica: TlsMaterial;
let signing: ManifestSigning;
/** The same for other holders of certificates. */
const others: Record<string, ManifestSigning> = {};

beforeAll(async () => {
  const authority = await createAuthority("test");
  const stranger = await createAuthority("test");
  const holder = async (uri: string, issuer = authority): Promise<TlsMaterial> => {
    const issued = await issueCertificate(issuer, { commonName: "x", uri, ipAddresses: [], days: 30 });
    const pem = (text: string | Buffer) => Buffer.from(text);
    return { ca: pem(authority.certificate), cert: pem(issued.certificate), key: pem(issued.key) };
  };
  const signingOf = (tls: TlsMaterial): ManifestSigning => {
    const made = manifestSigning(tls, Date.now);
    if (made === null) throw new Error("it has TLS");
    return made;
  };
  replica = { ...(await holder("fleet://replica/1")), denyList: new DenyList() };
  signing = signingOf(replica);
  others["another replica"] = signingOf(await holder("fleet://replica/2"));
  others["a shard"] = signingOf(await holder("fleet://shard/s1"));
  others["an administrator"] = signingOf(await holder("fleet://admin"));
  others["a replica of another authority"] = signingOf(await holder("fleet://replica/1", stranger));
});

/** A leader that has exported 5 and 6, and then 7 with whatever is in the store. Returns what is left and was said. */
async function exported(
  forge: (store: MemoryStore) => Promise<unknown> | unknown,
): Promise<{ names: readonly string[]; own: readonly string[]; reports: readonly ExportReport[] }> {
  const store = new MemoryStore();
  store.modifiedMs = NOW_MS;
  const own: string[] = [];
  for (const entries of [4, 5, 6]) {
    const atMs = NOW_MS - (9 - entries) * EVERY_MS;
    own.push(await exportSnapshot(store, captured(entries, { atMs }), inspect, null, signing));
  }
  await forge(store);
  const reports: ExportReport[] = [];
  let look: () => void = () => undefined;
  const schedule = new SnapshotSchedule({
    ...{ store, clusterId: "id-1", everyMs: EVERY_MS, keep: KEEP, signing, inspect },
    ...{
      groupsApplied: () => "",
      leads: () => true,
      lastIndex: () => 10,
      stateHash: () => captured(7).manifest.stateHash,
    },
    capture: async () => captured(7, { atMs: NOW_MS }),
    clock: { monotonicMs: () => 1_000_000, wallMs: () => NOW_MS },
    timers: {
      every: (_, action) => {
        look = action;
        return () => undefined;
      },
      after: () => () => undefined,
    },
    random: new SeededPrng(1),
    onReport: (report) => reports.push(report),
    errors: { note: () => "" },
  });
  look();
  await expect.poll(() => schedule.isBusy, { interval: 1 }).toBe(false);
  const names = [...new Set([...store.objects.keys()].map((key) => key.split("/")[0] ?? ""))];
  return { names, own: [...own, snapshotName(NOW_MS, 7)], reports };
}

type Manifest = ReturnType<typeof captured>["manifest"];

/** A snapshot that is whole, of whatever its manifest says. */
function forged(differs: Partial<Manifest>, by: ManifestSigning | null = null) {
  return (store: MemoryStore) =>
    exportSnapshot(store, captured(differs.index ?? 8, { atMs: NOW_MS - 1, ...differs }), inspect, null, by);
}

test("without forgeries the two newest stay", async () => {
  const { names, own } = await exported(() => undefined);
  expect([...names].sort()).toEqual(own.slice(-KEEP).toSorted());
});

test.each([
  { why: "newer ones that nobody signed", forge: [forged({}), forged({ atMs: NOW_MS })] },
  { why: "time in the future", forge: [forged({ atMs: NOW_MS + 1e12 }), forged({ atMs: NOW_MS + 2e12 })] },
  { why: "a later epoch", forge: [forged({ epoch: 2 ** 50 }), forged({ epoch: 2 ** 51, atMs: 1 })] },
])("$why: nothing goes because of them, they stay, and it is told once", async ({ forge }) => {
  const { names, own, reports } = await exported(async (store) => {
    for (const make of forge) await make(store);
  });
  expect(own.slice(-KEEP).filter((name) => !names.includes(name))).toEqual([]);
  expect(names).toHaveLength(KEEP + forge.length);
  expect(reports.filter(({ kind }) => kind === "unproved")).toEqual([
    { kind: "unproved", count: forge.length },
  ]);
});

test.each(["a shard", "an administrator", "a replica of another authority"])(
  "what %s has signed is no replica's",
  async (who) => {
    const { names, own } = await exported(forged({}, others[who]));
    expect(own.slice(-KEEP).filter((name) => !names.includes(name))).toEqual([]);
    expect(names).toHaveLength(KEEP + 1);
  },
);

test("what another replica has signed counts", async () => {
  const { names } = await exported(forged({ atMs: NOW_MS - 2 * EVERY_MS }, others["another replica"]));
  expect(names.map((name) => name.split("-")[1]).sort()).toEqual(["7", "8"]);
});

test("what is beyond the end of the log is not this cluster's, whoever signed it", async () => {
  const { names, own } = await exported(forged({ index: 11 }, others["another replica"]));
  expect(own.slice(-KEEP).filter((name) => !names.includes(name))).toEqual([]);
});

test("a revoked certificate's signatures count for nothing", async () => {
  const leaf = leafOf(replica);
  replica.denyList?.replace([{ subject: leaf.serialNumber.replace(/^0+/, ""), issuedBeforeMs: 0 }]);
  const { names } = await exported(() => undefined);
  replica.denyList?.replace([]);
  expect(names, "all stay").toHaveLength(4);
});

test("an altered manifest is no replica's: the others are kept as if it were not there", async () => {
  const { names } = await exported((store) => {
    const [newest] = [...store.objects.keys()].filter((key) => key.endsWith("-6/manifest.json"));
    const text = Buffer.from(store.objects.get(newest ?? "") ?? []).toString();
    store.objects.set(newest ?? "", Buffer.from(text.replace('"term": 3', '"term": 4')));
  });
  expect(names.map((name) => name.split("-")[1]).sort()).toEqual(["5", "6", "7"]);
});

test("a signed manifest under another name is another snapshot's", async () => {
  const { names } = await exported((store) => {
    for (const [key, bytes] of [...store.objects]) {
      if (key.includes("-6/")) store.objects.set(key.replace(/^\d{8}/, "29990101"), bytes);
    }
  });
  expect(names.filter((name) => name.startsWith("2999"))).toHaveLength(1);
  expect(names.map((name) => name.split("-")[1]).sort()).toEqual(["6", "6", "7"]);
});

test("a kept one whose bytes were replaced by as many others keeps nothing from being kept", async () => {
  const { names, reports } = await exported((store) => {
    const [state] = [...store.objects.keys()].filter((key) => key.endsWith("-6/state"));
    store.objects.set(state ?? "", new Uint8Array(store.objects.get(state ?? "")?.length ?? 0));
  });
  expect(names.map((name) => name.split("-")[1]).sort()).toEqual(["5", "6", "7"]);
  expect(reports.map(({ kind }) => kind)).toContain("damaged");
});

const HOSTILE: Readonly<Record<string, object>> = {
  "a path as the cluster's name": { clusterName: "../../etc" },
  "an enormous size": { bytes: Number.MAX_SAFE_INTEGER },
  "a size below zero": { bytes: -1 },
  "a time that no date has": { atMs: Number.MAX_SAFE_INTEGER },
  "an index that no log has": { index: Number.MAX_SAFE_INTEGER },
  "another cluster's id": { clusterId: "id-2" },
  "an object as the cluster's id": { clusterId: { toString: "id-1" } },
  "members without end": { members: Array.from({ length: 50_000 }, () => ({ nodeId: 1 })) },
  "a prototype": JSON.parse('{"__proto__": {"clusterId": "id-1"}}'),
  "a signature that is a text": { signature: "x" },
  "a certificate that is none": { signature: { certificate: "-----BEGIN CERTIFICATE-----", value: "" } },
  "a chain without end": {
    signature: {
      certificate: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".repeat(9_000),
    },
  },
};

test.each(Object.keys(HOSTILE))("a manifest with %s: the two newest stay, and exports go on", async (why) => {
  const { names, own, reports } = await exported((store) => {
    const { manifest, bytes } = captured(8, { atMs: NOW_MS - 1 });
    const text = { ...JSON.parse(Buffer.from(encodeManifest(manifest)).toString()), ...HOSTILE[why] };
    const name = snapshotName(NOW_MS - 1, 8);
    store.objects.set(stateKey(name), bytes);
    store.objects.set(manifestKey(name), Buffer.from(JSON.stringify(text)));
  });
  expect(own.slice(-KEEP).filter((name) => !names.includes(name))).toEqual([]);
  expect(names).toHaveLength(KEEP + 1);
  expect(reports.filter(({ kind }) => kind === "failed")).toEqual([]);
});

test("an enormous manifest is not read", async () => {
  const store = new MemoryStore();
  const name = snapshotName(NOW_MS, 8);
  store.objects.set(stateKey(name), new Uint8Array(1));
  store.objects.set(manifestKey(name), new Uint8Array(2 * 1024 * 1024));
  const read: string[] = [];
  store.before = (operation, key) => operation === "get" && read.push(key);
  expect(await readCatalog(store)).toMatchObject([
    { manifest: null, problem: expect.stringContaining("is not read") },
  ]);
  expect(read).toEqual([]);
});

test("a signature is read back as it was written", async () => {
  const store = new MemoryStore();
  const name = await exportSnapshot(store, captured(5), inspect, null, signing);
  const parsed = parseManifest(store.objects.get(manifestKey(name)) ?? new Uint8Array());
  expect(parsed).toMatchObject({ ok: true, manifest: { signature: { value: expect.any(String) } } });
});
