import { describe, expect, test } from "vitest";
import {
  decodeSnapshot,
  encodeSnapshot,
  encodeSnapshotParts,
  type RestoredState,
} from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import { FleetSnapshot } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { assign, begin, bind, brief, member, open, probe, Replica, register, settle } from "../replica.ts";

/** A replica with rows in every table; its session is opened at index 1. */
function fullReplica(): Replica {
  const replica = new Replica().applyAll([open(), register("s1"), register("s2"), bind("c1", "s1")]);
  replica.applyAll([begin("c1", "s1", "s2", "m1"), assign("zone", "a", "s1"), probe("d1", 1), member(1)]);
  replica.apply(bind("c1", "s1"), { sessionId: 1, sequence: 1 });
  replica.apply(probe("d1", 2), { sessionId: 1, sequence: 2 });
  return replica;
}

function restored(result: RestoredState): FleetState {
  if (!result.ok) throw new Error(result.message);
  return result.state;
}

function tampered(change: (snapshot: FleetSnapshot) => void): Uint8Array {
  const snapshot = FleetSnapshot.decode(encodeSnapshot(fullReplica().state));
  change(snapshot);
  return FleetSnapshot.encode(snapshot).finish();
}

test("no bytes are the empty state, from which a group is bootstrapped", () => {
  const state = restored(decodeSnapshot(new Uint8Array()));
  expect(state.appliedIndex).toBe(0);
  expect(state.hash()).toBe(new FleetState().hash());
});

test("an empty state survives the round trip", () => {
  expect(restored(decodeSnapshot(encodeSnapshot(new FleetState()))).hash()).toBe("0000000000000000");
});

test("a restored state has the same rows, index, hash and bytes", () => {
  const { state } = fullReplica();
  const bytes = encodeSnapshot(state.capture());
  const copy = restored(decodeSnapshot(bytes));
  expect(copy.appliedIndex).toBe(state.appliedIndex);
  expect(copy.hash()).toBe(state.hash());
  expect(encodeSnapshot(copy)).toEqual(bytes);
});

test("a binding whose version was counted from 1, as earlier snapshots have it, goes on with log indexes", () => {
  const { state } = fullReplica();
  for (const row of [...state.tables.bindings.rows()]) state.tables.bindings.put({ ...row, version: 2 });
  const copy = new Replica(restored(decodeSnapshot(encodeSnapshot(state))));
  const next = copy.state.appliedIndex + 1;
  expect(brief(copy.apply(settle("c1", "m1")))).toBe(`changed v${next}`);
});

test("a write is recognised after the restore, and gets its first outcome", () => {
  const replica = fullReplica();
  const copy = new Replica(restored(decodeSnapshot(encodeSnapshot(replica.state))));
  for (const headers of [
    { sessionId: 1, sequence: 1 },
    { sessionId: 1, sequence: 2 },
  ]) {
    expect(copy.apply(probe("d1", 2), headers)).toEqual(replica.apply(probe("d1", 2), headers));
  }
  expect(copy.state.hash()).toBe(replica.state.hash());
});

test("later commands do not reach a capture", () => {
  const replica = fullReplica();
  const capture = replica.state.capture();
  const before = { index: capture.appliedIndex, hash: capture.hash(), bytes: encodeSnapshot(capture) };
  for (let number = 0; number < 500; number++)
    replica.apply(probe("d2", number), { sessionId: 1, sequence: number + 3 });
  expect({ index: capture.appliedIndex, hash: capture.hash(), bytes: encodeSnapshot(capture) }).toEqual(
    before,
  );
  expect(replica.state.hash()).not.toBe(before.hash);
});

test("parts are bounded and can be drawn while commands go on", () => {
  const replica = fullReplica();
  for (let number = 0; number < 2_000; number++) replica.apply(probe("d2", number));
  const capture = replica.state.capture();
  const whole = encodeSnapshot(capture);
  const parts: Uint8Array[] = [];
  for (const part of encodeSnapshotParts(capture)) {
    parts.push(part);
    replica.apply(probe("d3", parts.length));
  }
  expect(parts.length).toBeGreaterThan(8);
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(16 * 1_024);
  expect(new Uint8Array(parts.flatMap((part) => [...part]))).toEqual(whole);
});

describe("a bad snapshot is refused", () => {
  test.each([
    { bytes: new Uint8Array([0xff]), reason: "malformed", why: "no protobuf" },
    { bytes: encodeSnapshot(fullReplica().state).subarray(0, -3), reason: "malformed", why: "cut off" },
    {
      bytes: tampered((snapshot) => Object.assign(snapshot, { format: 4 })),
      reason: "format-unknown",
      why: "newer",
    },
    {
      bytes: tampered((snapshot) => Object.assign(snapshot, { format: 0 })),
      reason: "format-unknown",
      why: "none",
    },
    {
      bytes: tampered((snapshot) => snapshot.shards.pop()),
      reason: "hash-mismatch",
      why: "a row is missing",
    },
    {
      bytes: tampered((snapshot) => snapshot.bindings.map((row) => Object.assign(row, { shardId: "s1" }))),
      reason: "hash-mismatch",
      why: "a row differs",
    },
    {
      bytes: tampered((snapshot) => snapshot.sessions.map(({ outcomes }) => outcomes.pop())),
      reason: "hash-mismatch",
      why: "a remembered write is missing",
    },
    {
      bytes: tampered((snapshot) =>
        snapshot.sessions.map(({ outcomes }) => outcomes.push({ sequence: 9, outcome: undefined })),
      ),
      reason: "malformed",
      why: "a remembered write has no outcome",
    },
    {
      bytes: tampered((snapshot) => Object.assign(snapshot, { stateHash: "" })),
      reason: "hash-mismatch",
      why: "no hash",
    },
  ])("$reason: $why", ({ bytes, reason }) =>
    expect(decodeSnapshot(bytes)).toMatchObject({ ok: false, reason }),
  );
});

describe("the hash changes with any row", () => {
  test.each([
    { kind: register("s3"), table: "shards" },
    { kind: register("s1", "s1:1", 2), table: "shards" },
    { kind: bind("c2", "s1"), table: "bindings" },
    { kind: assign("zone", "b", "s1"), table: "domains" },
    { kind: probe("d1", 1), table: "probes" },
    { kind: open(), table: "sessions" },
    { kind: member(4), table: "members" },
  ] as const)("$kind.$case", ({ kind, table }) => {
    const replica = fullReplica();
    const before = { hash: replica.state.hash(), digest: replica.state.tables[table].digest };
    replica.apply(kind);
    expect(replica.state.tables[table].digest).not.toEqual(before.digest);
    expect(replica.state.hash()).not.toBe(before.hash);
  });

  test("a session's remembered outcome counts, even of a refused write", () => {
    const replica = fullReplica();
    const before = replica.state.hash();
    replica.apply(bind("c1", "s9"), { sessionId: 1, sequence: 3 });
    expect(replica.state.hash()).not.toBe(before);
  });

  test("an audit entry's text counts", () => {
    const [left, right] = ["a", "b"].map((reason) => {
      const replica = new Replica();
      replica.apply(register("s1"), { reason });
      return replica.state.hash();
    });
    expect(left).not.toBe(right);
  });
});
