// Encodes a state as bytes and restores it. Protobuf messages concatenate field by field. So a snapshot is
// encoded in parts of bounded size, between which the driver can do other work, and decoded in slices
// (base/message-slices.ts). Captures of equal states on two replicas have equal bytes. Restoring recomputes the
// digest: a snapshot that differs from its own digest is refused.

import { logIndex } from "../../base/ids.ts";
import { MessageSlices } from "../../base/message-slices.ts";
import { type ClientSession, type ExportedGroup, FleetSnapshot } from "../../wire/gen/fleet/v1/command.ts";
import { KNOWN_VERSION, snapshotFormat } from "../format.ts";
import { FleetState, type FleetView } from "../state.ts";
import { addLanes, type Lanes, NO_LANES, printLanes } from "../tables/row-hash.ts";
import { outcomeKey } from "../tables/schema.ts";

/**
 * Outcomes count as rows, and a session is not split: a part has at most this many rows and one session more.
 */
const ROWS_PER_PART = 256;
const NEWEST_FORMAT = snapshotFormat(KNOWN_VERSION);

export interface Refused {
  readonly ok: false;
  readonly reason: "malformed" | "format-unknown" | "hash-mismatch";
  readonly message: string;
}

export type RestoredState = { readonly ok: true; readonly state: FleetState } | Refused;

/** The whole snapshot at once. Use the parts where other work waits. */
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
  const { revocations, revocationLists } = view.tables;
  const { roles, grants, plans, planSteps, groups } = view.tables;
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
  for (const rows of batches(revocations.rows())) yield encodePart({ revocations: rows });
  for (const rows of batches(revocationLists.rows())) yield encodePart({ revocationLists: rows });
  for (const rows of batches(roles.rows())) yield encodePart({ roles: rows });
  for (const rows of batches(grants.rows())) yield encodePart({ grants: rows });
  for (const rows of batches(plans.rows())) yield encodePart({ plans: rows });
  for (const rows of batches(planSteps.rows())) yield encodePart({ planSteps: rows });
  for (const rows of batches(groups.rows())) yield encodePart({ groups: rows });
}

/** A part of a group's state, to be put behind the rows of an exported snapshot (ADR-0049). */
export function encodeExportedGroup(part: ExportedGroup): Uint8Array {
  return encodePart({ exportedGroups: [part] });
}

/** The states of other groups in an exported snapshot's bytes, which were verified. */
export function exportedGroups(bytes: Uint8Array): readonly ExportedGroup[] {
  const parts = FleetSnapshot.decode(bytes).exportedGroups;
  const groups = new Map<number, ExportedGroup[]>();
  for (const part of parts) groups.set(part.groupId, [...(groups.get(part.groupId) ?? []), part]);
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ ...first, data: Buffer.concat(all.map(({ data }) => data)) }];
  });
}

/** Zero bytes are the empty state, from which a group is bootstrapped. */
export function decodeSnapshot(bytes: Uint8Array): RestoredState {
  const reader = new SnapshotReader();
  return reader.add(bytes) ?? reader.finish();
}

/** Decodes a snapshot as its bytes arrive, into a state of its own. */
export class SnapshotReader {
  readonly #content = new SnapshotContent();
  readonly #state = new FleetState();

  /** Adds the next bytes; returns null, or why this is not a snapshot. */
  add(part: Uint8Array): Refused | null {
    const read = this.#content.add(part);
    if (!read.ok) return read;
    fill(this.#state, read.rows);
    // Watchers start after the snapshot: its rows are not changes.
    this.#state.takeChanges();
    return null;
  }

  /** All bytes have arrived. */
  finish(): RestoredState {
    const ended = this.#content.end(this.#state.digest());
    if (ended !== null) return ended;
    const { appliedIndex } = this.#content;
    if (appliedIndex > 0) this.#state.advanceTo(logIndex(appliedIndex));
    return { ok: true, state: this.#state };
  }
}

/**
 * Like `SnapshotReader`, but keeps nothing: it checks whether the bytes can be restored, with the memory of
 * one slice.
 */
export class SnapshotCheck {
  readonly #content = new SnapshotContent();
  #digest: Lanes = NO_LANES;
  /** The cluster version in the snapshot's rows. */
  clusterVersion = 0;

  add(part: Uint8Array): Refused | null {
    const read = this.#content.add(part);
    if (!read.ok) return read;
    const slice = new FleetState();
    fill(slice, read.rows);
    // The digest is a sum over the rows, so the slices' digests add up to that of the whole.
    this.#digest = addLanes(this.#digest, slice.digest());
    this.clusterVersion = Math.max(this.clusterVersion, slice.clusterVersion);
    return null;
  }

  finish(): Refused | null {
    return this.#content.end(this.#digest);
  }
}

/** The fields of a snapshot, from all its slices, except its rows. */
class SnapshotContent {
  readonly #slices = new MessageSlices((bytes) => FleetSnapshot.decode(bytes));
  #isEmpty = true;
  #format = 0;
  #stateHash = "";
  appliedIndex = 0;

  add(part: Uint8Array): Refused | { readonly ok: true; readonly rows: FleetSnapshot } {
    if (part.length > 0) this.#isEmpty = false;
    const rows = this.#slices.add(part);
    if (rows === "malformed") return refused("malformed", "the snapshot is no FleetSnapshot message");
    // These fields come first, each once.
    this.#format ||= rows.format;
    this.#stateHash ||= rows.stateHash;
    this.appliedIndex ||= rows.appliedIndex;
    if (this.#format > NEWEST_FORMAT) return this.#unknownFormat();
    // The digest can't distinguish an absent outcome from one that was never encoded, and its write would be
    // applied again.
    if (rows.sessions.some(({ outcomes }) => outcomes.some(({ outcome }) => outcome?.result === undefined))) {
      return refused("malformed", "a remembered write of the snapshot has no outcome");
    }
    return { ok: true, rows };
  }

  end(digest: Lanes): Refused | null {
    if (this.#isEmpty) return null;
    if (!this.#slices.isWhole) return refused("malformed", "the snapshot is no FleetSnapshot message");
    if (this.#format < 1) return this.#unknownFormat();
    const hash = printLanes(digest);
    if (hash === this.#stateHash) return null;
    return refused("hash-mismatch", `the snapshot's rows have hash ${hash}, it says ${this.#stateHash}`);
  }

  #unknownFormat(): Refused {
    const what = `the snapshot has format ${this.#format}, this version reads up to ${NEWEST_FORMAT}`;
    return refused("format-unknown", what);
  }
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
    revocations: [],
    revocationLists: [],
    roles: [],
    grants: [],
    plans: [],
    planSteps: [],
    groups: [],
    exportedGroups: [],
    ...part,
  }).finish();
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
  for (const row of snapshot.revocations) tables.revocations.put(row);
  for (const row of snapshot.revocationLists) tables.revocationLists.put(row);
  for (const row of snapshot.roles) tables.roles.put(row);
  for (const row of snapshot.grants) tables.grants.put(row);
  for (const row of snapshot.plans) tables.plans.put(row);
  for (const row of snapshot.planSteps) tables.planSteps.put(row);
  for (const row of snapshot.groups) tables.groups.put(row);
  for (const { sessionId, lastUsedIndex, firstOutstanding, outcomes, openedBy } of snapshot.sessions) {
    const lastSequence = outcomes.reduce((last, { sequence }) => Math.max(last, sequence), 0);
    const follows = { outcomeCount: outcomes.length, lastSequence };
    tables.sessions.put({ sessionId, lastUsedIndex, firstOutstanding, openedBy, ...follows });
    for (const { sequence, outcome } of outcomes) tables.outcomes.put({ sessionId, sequence, outcome });
  }
}

function* sessionsOf(view: FleetView): Iterable<ClientSession> {
  for (const { sessionId, lastUsedIndex, firstOutstanding, openedBy } of view.tables.sessions.rows()) {
    const outcomes: ClientSession["outcomes"] = [];
    for (const row of view.tables.outcomes.rows(outcomeKey(sessionId, 0))) {
      if (row.sessionId !== sessionId) break;
      outcomes.push({ sequence: row.sequence, outcome: row.outcome });
    }
    yield { sessionId, lastUsedIndex, firstOutstanding, outcomes, openedBy };
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

function refused(reason: Refused["reason"], message: string): Refused {
  return { ok: false, reason, message };
}
