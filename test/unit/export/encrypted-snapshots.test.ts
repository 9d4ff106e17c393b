// Exported snapshots that are encrypted: what stands in the store, and what is believed of it.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { readCatalog } from "../../../src/core/export/catalog.ts";
import { exportSnapshot } from "../../../src/core/export/export-snapshot.ts";
import { encodeManifest } from "../../../src/core/export/manifest.ts";
import { manifestKey, stateKey } from "../../../src/core/export/snapshot-name.ts";
import { verifySnapshot } from "../../../src/core/export/verify-snapshot.ts";
import { newKeyText, parseOperatorKeys } from "../../../src/core/seal/operator-keys.ts";
import { captured, inspect, MemoryStore } from "./samples.ts";

const TEXT = newKeyText();
const KEYS = parseOperatorKeys(TEXT, "a test");

async function exported(keys: typeof KEYS | null = KEYS) {
  const store = new MemoryStore();
  const sample = captured(20);
  const name = await exportSnapshot(store, sample, inspect, keys);
  const verify = async (given: typeof KEYS | null, allowPlain = false) =>
    verifySnapshot(store, present((await readCatalog(store))[0], "it is there"), inspect, given, allowPlain);
  return { store, sample, name, verify, state: present(store.objects.get(stateKey(name)), "it is there") };
}

test("the state is in the store under the key alone, and comes back byte for byte", async () => {
  const { store, sample, name, verify, state } = await exported();
  expect(Buffer.from(state).includes(Buffer.from(sample.bytes).subarray(0, 16))).toBe(false);
  expect(await verify(KEYS)).toEqual({ ok: true, bytes: sample.bytes });
  const manifest = JSON.parse(Buffer.from(present(store.objects.get(manifestKey(name)), "there")).toString());
  expect(manifest).toMatchObject({ schemaVersion: 2, encryption: { operatorKey: KEYS.current.id } });
});

test("without the key and with another one it is refused, and not called damaged; an earlier one opens it", async () => {
  const { verify } = await exported();
  await expect(verify(null)).rejects.toMatchObject({ code: "ENCRYPTION_KEY_NEEDED", parts: { exit: 4 } });
  const other = newKeyText();
  await expect(verify(parseOperatorKeys(other, "a test"))).rejects.toMatchObject({
    code: "ENCRYPTION_KEY_WRONG",
  });
  expect(await verify(parseOperatorKeys(other + TEXT, "a test"))).toMatchObject({ ok: true });
});

test("every changed byte of it is found, and every length but its own", async () => {
  const { store, name, verify, state } = await exported();
  for (let at = 0; at < state.length; at += 11) {
    const changed = Uint8Array.from(state);
    changed[at] = (changed[at] ?? 0) ^ 4;
    store.objects.set(stateKey(name), changed);
    const found = await verify(KEYS).catch((error: { code: string }) => error.code);
    expect(found === "ENCRYPTION_KEY_WRONG" || (typeof found === "object" && !found.ok), `byte ${at}`).toBe(
      true,
    );
  }
  for (const length of [0, 10, 130, state.length - 1]) {
    store.objects.set(stateKey(name), state.subarray(0, length));
    expect(await verify(KEYS)).toMatchObject({ ok: false });
  }
});

// A manifest is read to choose what to restore: what it says of the snapshot must be what was exported.
test("a manifest that says something else of it: the snapshot does not open", async () => {
  const { store, name, sample, verify } = await exported();
  const encryption = { operatorKey: KEYS.current.id };
  for (const lie of [{ term: 99 }, { clusterId: "another" }, { epoch: 7 }, { members: [] }, { atMs: 1 }]) {
    store.objects.set(manifestKey(name), encodeManifest({ ...sample.manifest, ...lie, encryption }));
    expect(await verify(KEYS)).toMatchObject({ ok: false, problem: expect.stringContaining("manifest") });
  }
  // The word that it is encrypted taken away.
  store.objects.set(manifestKey(name), encodeManifest(sample.manifest));
  await expect(verify(KEYS)).rejects.toMatchObject({ code: "SNAPSHOT_NOT_ENCRYPTED" });
  expect(await verify(KEYS, true)).toMatchObject({ ok: false });
});

// Who can write to a store needs no key to put a whole plain snapshot there.
test("a plain snapshot is refused when a key is given, unless the operator allows it", async () => {
  const { verify, sample } = await exported(null);
  await expect(verify(KEYS)).rejects.toMatchObject({ code: "SNAPSHOT_NOT_ENCRYPTED", parts: { exit: 9 } });
  expect(await verify(KEYS, true)).toEqual({ ok: true, bytes: sample.bytes });
  expect(await verify(null)).toEqual({ ok: true, bytes: sample.bytes });
});
