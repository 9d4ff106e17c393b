import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  type RestoredState,
  SnapshotCheck,
  SnapshotReader,
} from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import { Domain, Probe } from "../../../../src/core/wire/gen/fleet/v1/command.ts";

function filled(): FleetState {
  const state = new FleetState();
  state.advanceTo(logIndex(9));
  for (let number = 0; number < 300; number += 1) {
    state.tables.domains.put(
      Domain.fromPartial({ key: "zone", value: `zone-${number}`, shardId: "s1", version: number }),
    );
    state.tables.probes.put(Probe.fromPartial({ drillId: "d", number }));
  }
  return state;
}

const STATE = filled();
const BYTES = encodeSnapshot(STATE);

function inCuts(bytes: Uint8Array, size: number): RestoredState {
  const reader = new SnapshotReader();
  for (let at = 0; at < bytes.length; at += size) {
    const refused = reader.add(bytes.subarray(at, at + size));
    if (refused !== null) return refused;
  }
  return reader.finish();
}

function checkInCuts(bytes: Uint8Array, size: number) {
  const check = new SnapshotCheck();
  for (let at = 0; at < bytes.length; at += size) {
    const refused = check.add(bytes.subarray(at, at + size));
    if (refused !== null) return refused;
  }
  return check.finish();
}

test.each([1, 2, 7, 100, 4_096, 1_000_000])("cut into pieces of %i bytes it is the same state", (size) => {
  const restored = inCuts(BYTES, size);
  expect(restored.ok && restored.state.hash()).toBe(STATE.hash());
  expect(restored.ok && restored.state.appliedIndex).toBe(9);
  expect(checkInCuts(BYTES, size)).toBeNull();
});

test("no bytes at all are the empty state", () => {
  expect(decodeSnapshot(new Uint8Array())).toMatchObject({ ok: true });
  expect(new SnapshotCheck().finish()).toBeNull();
});

const cutOff = BYTES.subarray(0, -3);
const flippedAt = Buffer.from(BYTES).indexOf("zone-150");
const flipped = Uint8Array.from(BYTES, (byte, at) => (at === flippedAt ? byte ^ 1 : byte));
const noField = Uint8Array.from([...BYTES, 0x03]);
const endless = Uint8Array.from([...BYTES, ...Array.from({ length: 11 }, () => 0xff)]);
const huge = Uint8Array.from([...BYTES, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f]);

test.each([
  { bytes: cutOff, reason: "malformed", why: "the last field is not whole" },
  { bytes: flipped, reason: "hash-mismatch", why: "a row differs" },
  { bytes: noField, reason: "malformed", why: "there is no field 0" },
  { bytes: endless, reason: "malformed", why: "a tag has no end" },
  { bytes: huge, reason: "malformed", why: "a row claims to be larger than any" },
])("$reason in any cut: $why", ({ bytes, reason }) => {
  for (const size of [1, 64, 1_000_000]) {
    expect(inCuts(bytes, size)).toMatchObject({ ok: false, reason });
    expect(checkInCuts(bytes, size)).toMatchObject({ ok: false, reason });
  }
});
