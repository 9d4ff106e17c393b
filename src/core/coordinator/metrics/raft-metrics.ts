// The fleet's own Raft group, its disk and its peers, as this replica sees them. Other groups of the process
// have no metrics of their own, only total counts: there may be thousands (ADR-0010).

import { shownAgeMs, type WallMs } from "../../base/clock.ts";
import type { NodeId } from "../../base/ids.ts";
import type { Exposition } from "../../metrics/exposition.ts";
import type { ServiceContext } from "../calls/context.ts";
import type { DroppedMessages } from "../group/dropped-messages.ts";
import type { HeldLog } from "../group/log-hold.ts";

const ROLES = ["follower", "pre-candidate", "candidate", "leader"] as const;
const PROPOSAL_RESULTS = ["accepted", "failed", "refused"] as const;
// Less than the number of stored hashes. A round number, not the newest index: replicas are scraped at
// different moments, and only hashes of the same index can be compared.
const CHECKPOINT_ENTRIES = 1_024;
// 48 of 64 bits: a double holds them exactly.
const CHECKPOINT_DIGITS = 12;

type RaftStatus = ReturnType<ServiceContext["driver"]["status"]>;

/** Values that the services' context does not have. */
export interface RaftSights {
  /** In milliseconds; null = not known. */
  readonly roundTripMs: (peer: NodeId) => number | null;
  /** Messages of peers that were dropped. */
  readonly dropped: () => DroppedMessages["counts"];
  /** In milliseconds since 1970; null without a snapshot. */
  readonly snapshotSavedAtMs: () => Promise<WallMs | null>;
}

export async function collectRaft(
  into: Exposition,
  context: ServiceContext,
  sights: RaftSights,
): Promise<void> {
  const raft = context.driver.status();
  collectLog(into, context, raft);
  collectHeldLog(into, context.driver.heldLog, raft.role === "leader");
  if (raft.role === "leader") collectFollowers(into, context, raft, sights);
  collectWork(into, context, raft);
  collectRoom(into, context);
  collectCheckpoint(into, context);
  collectGroups(into, context);
  collectDropped(into, sights.dropped());
  collectExports(into, context);
  const savedAtMs = await sights.snapshotSavedAtMs();
  const ageMs = savedAtMs === null ? null : shownAgeMs(savedAtMs, context.clock.wallMs());
  into.set("fleet_snapshot_age_seconds", ageMs === null ? null : ageMs / 1_000);
}

function collectLog(into: Exposition, { driver }: ServiceContext, raft: RaftStatus): void {
  for (const role of ROLES) into.set("fleet_raft_role", raft.role === role, { role });
  into.set("fleet_raft_has_leader", raft.leader !== 0);
  into.set("fleet_raft_term", raft.term);
  into.set("fleet_raft_commit_index", raft.commit);
  into.set("fleet_raft_applied_index", driver.appliedIndex);
  into.set("fleet_raft_last_log_index", raft.lastIndex);
  into.set("fleet_raft_snapshot_index", driver.snapshotIndex);
}

export function collectHeldLog(into: Exposition, held: HeldLog, leads: boolean): void {
  into.set("fleet_raft_held_log_bytes", leads ? held.bytes : null);
  into.set("fleet_raft_held_log_max_bytes", leads ? held.bytesMax : null);
  into.set("fleet_raft_held_log_exceeded_total", held.exceeded);
}

function collectFollowers(
  into: Exposition,
  { self, replicas, answers }: ServiceContext,
  raft: RaftStatus,
  { roundTripMs }: RaftSights,
): void {
  const { voters } = raft.config;
  into.set("fleet_raft_voters", voters.length);
  into.set("fleet_raft_voters_active", voters.filter((id) => id === self || answers(id)).length);
  for (const [id, { match }] of raft.progress) {
    const peer = replicas.find((replica) => replica.id === id)?.name;
    if (id === self || peer === undefined) continue;
    const ms = roundTripMs(id);
    into.set("fleet_raft_follower_match_index", match, { peer });
    into.set("fleet_raft_follower_lag_entries", raft.lastIndex - match, { peer });
    into.set("fleet_peer_round_trip_seconds", ms === null ? null : ms / 1_000, { peer });
  }
}

function collectWork(into: Exposition, { driver, disk }: ServiceContext, raft: RaftStatus): void {
  const { meter, proposals } = driver;
  meter.saw(raft.leader, raft.term);
  into.set("fleet_elections_total", meter.elections);
  into.set("fleet_leader_changes_total", meter.leaderChanges);
  for (const result of PROPOSAL_RESULTS) into.set("fleet_proposals_total", proposals[result], { result });
  into.set("fleet_proposals_pending", proposals.pending);
  into.setDurations("fleet_apply_duration_seconds", meter.apply);
  into.setDurations("fleet_wal_sync_duration_seconds", disk.syncs.total());
  into.setDurations("fleet_snapshot_save_duration_seconds", meter.snapshotSave);
  into.set("fleet_disk_full", disk.isFull);
  into.set("fleet_disk_slow", disk.isSlow);
}

/** Nothing until the disk has answered: zero bytes would raise an alert. */
export function collectRoom(into: Exposition, { sizes }: Pick<ServiceContext, "sizes">): void {
  const { diskRoom } = sizes();
  into.set("fleet_disk_free_bytes", diskRoom?.freeBytes ?? null);
  into.set("fleet_disk_size_bytes", diskRoom?.totalBytes ?? null);
}

function collectCheckpoint(into: Exposition, { driver, machine, trust }: ServiceContext): void {
  into.set("fleet_state_fenced", trust.isFenced);
  into.set("fleet_state_disputed", trust.now.kind === "disputed");
  const index = driver.appliedIndex - (driver.appliedIndex % CHECKPOINT_ENTRIES);
  const hash = machine.hashAt(index);
  if (hash === null) return;
  into.set("fleet_state_checkpoint_index", index);
  into.set("fleet_state_checkpoint_hash", Number.parseInt(hash.slice(0, CHECKPOINT_DIGITS), 16));
}

export function collectGroups(
  into: Exposition,
  { host }: { host: Pick<ServiceContext["host"], "counts"> },
): void {
  const { hosted, led, quiescent, leaderless } = host.counts();
  into.set("fleet_raft_groups", hosted);
  into.set("fleet_raft_groups_led", led);
  into.set("fleet_raft_groups_quiescent", quiescent);
  into.set("fleet_raft_groups_leaderless", leaderless);
}

function collectDropped(into: Exposition, counts: DroppedMessages["counts"]): void {
  for (const [reason, count] of counts) into.set("fleet_raft_messages_dropped_total", count, { reason });
}

export function collectExports(into: Exposition, context: Pick<ServiceContext, "snapshotExport">): void {
  const exported = context.snapshotExport();
  if (exported === undefined) return;
  into.set("fleet_exported_snapshot_age_seconds", exported.ageMs / 1_000);
  into.set("fleet_exported_snapshot_interval_seconds", exported.everyMs / 1_000);
  into.set("fleet_exported_snapshots_undeleted", exported.undeleted);
  into.set("fleet_exported_snapshots_vanished", exported.vanished);
}
