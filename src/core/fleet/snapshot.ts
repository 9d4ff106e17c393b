// A state as bytes and back. Protobuf messages concatenate field by field, so a snapshot is encoded in parts of
// bounded size, between which the driver can serve others. A capture taken from equal states on two replicas has
// equal bytes. Restoring recomputes the digest: a snapshot that differs from its own digest is refused.

import { logIndex } from "../base/ids.ts";
import { type ClientSession, FleetSnapshot } from "../wire/gen/fleet/v1/command.ts";
import { KNOWN_VERSION, snapshotFormat } from "./format.ts";
import { outcomeKey } from "./schema.ts";
import { FleetState, type FleetView } from "./state.ts";

/** A session's outcomes count as rows, and a session is not split: a part has at most this many and one session. */
const ROWS_PER_PART = 256;

export type RestoredState =
  | { readonly ok: true; readonly state: FleetState }
  | {
      readonly ok: false;
      readonly reason: "malformed" | "format-unknown" | "hash-mismatch";
      readonly message: string;
    };

/** The whole snapshot at once; prefer the parts where others wait. */
export function encodeSnapshot(view: FleetView): Uint8Array {
  const parts = [...encodeSnapshotParts(view)];
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Parts whose concatenation is the snapshot. `view` must be a capture if anything is applied meanwhile. */
export function* encodeSnapshotParts(view: FleetView): Generator<Uint8Array, void, undefined> {
  const { shards, bindings, domains, probes, members, audit } = view.tables;
  const { instructions, providers, quotas, gates, auditExports, clusterVersions, incarnations } = view.tables;
  yield encodePart({
    format: snapshotFormat(view.clusterVersion),
    appliedIndex: view.appliedIndex,
    stateHash: view.hash(),
  });
  for (const rows of batches(shards.rows())) yield encodePart({ shards: rows });
  for (const rows of batches(bindings.rows())) yield encodePart({ bindings: rows });
  for (const rows of batches(domains.rows())) yield encodePart({ domains: rows });
  for (const rows of batches(probes.rows())) yield encodePart({ probes: rows });
  for (const rows of batches(sessionsOf(view), (session) => 1 + session.outcomes.length)) {
    yield encodePart({ sessions: rows });
  }
  for (const rows of batches(members.rows())) yield encodePart({ members: rows });
  for (const rows of batches(audit.rows())) yield encodePart({ audit: rows });
  for (const rows of batches(instructions.rows())) yield encodePart({ instructions: rows });
  for (const rows of batches(providers.rows())) yield encodePart({ providers: rows });
  for (const rows of batches(quotas.rows())) yield encodePart({ quotas: rows });
  for (const rows of batches(gates.rows())) yield encodePart({ gates: rows });
  for (const rows of batches(auditExports.rows())) yield encodePart({ auditExports: rows });
  for (const rows of batches(clusterVersions.rows())) yield encodePart({ clusterVersions: rows });
  for (const rows of batches(incarnations.rows())) yield encodePart({ incarnations: rows });
}

/** No bytes at all are the empty state, which is what a group is bootstrapped from. */
export function decodeSnapshot(bytes: Uint8Array): RestoredState {
  if (bytes.length === 0) return { ok: true, state: new FleetState() };
  const snapshot = decodeMessage(bytes);
  if (snapshot === null) return refused("malformed", "the snapshot is no FleetSnapshot message");
  // The digest can't tell an absent outcome from one that was never encoded, and its write would be applied again.
  if (
    snapshot.sessions.some(({ outcomes }) => outcomes.some(({ outcome }) => outcome?.result === undefined))
  ) {
    return refused("malformed", "a remembered write of the snapshot has no outcome");
  }
  const newest = snapshotFormat(KNOWN_VERSION);
  if (snapshot.format < 1 || snapshot.format > newest) {
    const what = `the snapshot has format ${snapshot.format}, this version reads up to ${newest}`;
    return refused("format-unknown", what);
  }
  const state = new FleetState();
  if (snapshot.appliedIndex > 0) state.advanceTo(logIndex(snapshot.appliedIndex));
  fill(state, snapshot);
  // Watchers begin behind the snapshot: its rows are no changes.
  state.takeChanges();
  if (state.hash() !== snapshot.stateHash) {
    const what = `the snapshot's rows have hash ${state.hash()}, it says ${snapshot.stateHash}`;
    return refused("hash-mismatch", what);
  }
  return { ok: true, state };
}

function encodePart(part: Partial<FleetSnapshot>): Uint8Array {
  return FleetSnapshot.encode({
    format: 0,
    appliedIndex: 0,
    stateHash: "",
    shards: [],
    bindings: [],
    domains: [],
    probes: [],
    sessions: [],
    audit: [],
    members: [],
    instructions: [],
    providers: [],
    quotas: [],
    gates: [],
    auditExports: [],
    clusterVersions: [],
    incarnations: [],
    ...part,
  }).finish();
}

// The decoder throws on bytes that are no protobuf and on integers beyond 2^53.
function decodeMessage(bytes: Uint8Array): FleetSnapshot | null {
  try {
    return FleetSnapshot.decode(bytes);
  } catch {
    return null;
  }
}

function fill({ tables }: FleetState, snapshot: FleetSnapshot): void {
  for (const row of snapshot.shards) tables.shards.put(row);
  for (const row of snapshot.bindings) tables.bindings.put(row);
  for (const row of snapshot.domains) tables.domains.put(row);
  for (const row of snapshot.probes) tables.probes.put(row);
  for (const row of snapshot.members) tables.members.put(row);
  for (const row of snapshot.audit) tables.audit.put(row);
  for (const row of snapshot.instructions) tables.instructions.put(row);
  for (const row of snapshot.providers) tables.providers.put(row);
  for (const row of snapshot.quotas) tables.quotas.put(row);
  for (const row of snapshot.gates) tables.gates.put(row);
  for (const row of snapshot.auditExports) tables.auditExports.put(row);
  for (const row of snapshot.clusterVersions) tables.clusterVersions.put(row);
  for (const row of snapshot.incarnations) tables.incarnations.put(row);
  for (const { sessionId, lastUsedIndex, firstOutstanding, outcomes } of snapshot.sessions) {
    const lastSequence = outcomes.reduce((last, { sequence }) => Math.max(last, sequence), 0);
    const follows = { outcomeCount: outcomes.length, lastSequence };
    tables.sessions.put({ sessionId, lastUsedIndex, firstOutstanding, ...follows });
    for (const { sequence, outcome } of outcomes) tables.outcomes.put({ sessionId, sequence, outcome });
  }
}

function* sessionsOf(view: FleetView): Iterable<ClientSession> {
  for (const { sessionId, lastUsedIndex, firstOutstanding } of view.tables.sessions.rows()) {
    const outcomes: ClientSession["outcomes"] = [];
    for (const row of view.tables.outcomes.rows(outcomeKey(sessionId, 0))) {
      if (row.sessionId !== sessionId) break;
      outcomes.push({ sequence: row.sequence, outcome: row.outcome });
    }
    yield { sessionId, lastUsedIndex, firstOutstanding, outcomes };
  }
}

function* batches<Row>(rows: Iterable<Row>, weigh: (row: Row) => number = () => 1): Iterable<Row[]> {
  let batch: Row[] = [];
  let weight = 0;
  for (const row of rows) {
    batch.push(row);
    weight += weigh(row);
    if (weight < ROWS_PER_PART) continue;
    yield batch;
    batch = [];
    weight = 0;
  }
  if (batch.length > 0) yield batch;
}

function refused(reason: "malformed" | "format-unknown" | "hash-mismatch", message: string): RestoredState {
  return { ok: false, reason, message };
}
