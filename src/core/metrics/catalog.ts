// Every metric that a process of the fleet exposes, in the order in which they are exposed (docs/metrics.md, ADR-0010).
// What must stay true: a label takes few values, and never those of something that a fleet has thousands of: no
// cluster, domain, route or Raft group. Base units: seconds, bytes; counters end in _total.

export type Label = "file" | "kind" | "peer" | "process" | "reason" | "result" | "role" | "state" | "version";

export interface Metric {
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly Label[];
}

export const METRICS = {
  fleet_build_info: gauge("Always 1; which program this process is.", "process", "version"),
  fleet_ready: gauge("1 if /readyz says so."),
  fleet_certificate_expiry_timestamp_seconds: gauge(
    "When the certificates in the files of this process expire, the first of them: of all authorities that it trusts (ca) and its own (cert).",
    "file",
  ),

  fleet_raft_role: gauge("1 for the role that this replica has, 0 for the others.", "role"),
  fleet_raft_has_leader: gauge("1 if this replica knows a leader."),
  fleet_raft_term: gauge("The current term."),
  fleet_raft_commit_index: gauge("The last entry known to be committed."),
  fleet_raft_applied_index: gauge("The last entry applied to the tables."),
  fleet_raft_last_log_index: gauge("The last entry of the log."),
  fleet_raft_snapshot_index: gauge("The last entry that the newest snapshot on disk covers."),
  fleet_raft_voters: gauge("Voters of the configuration. On the leader only."),
  fleet_raft_voters_active: gauge("Voters that the leader hears, itself included. On the leader only."),
  fleet_raft_follower_match_index: gauge(
    "The last entry that the follower is known to hold. On the leader only.",
    "peer",
  ),
  fleet_raft_follower_lag_entries: gauge(
    "Entries of the leader's log that the follower is not known to hold. On the leader only.",
    "peer",
  ),
  fleet_raft_held_log_bytes: gauge(
    "Log that is kept for followers that are being sent a snapshot, beyond what is kept anyway. On the leader only.",
  ),
  fleet_raft_held_log_max_bytes: gauge(
    "How much log is kept for such followers at most. On the leader only.",
  ),
  fleet_raft_held_log_exceeded_total: counter(
    "Followers for which that was not enough: each needed another snapshot.",
  ),
  fleet_peer_round_trip_seconds: gauge(
    "How long the last answered heartbeat to the peer took. On the leader only.",
    "peer",
  ),
  fleet_raft_messages_dropped_total: counter(
    "Messages of peers that this replica did not take in, of all groups, by reason; `malformed` and `out-of-reach` are what no correct replica sends.",
    "reason",
  ),
  fleet_elections_total: counter("Terms that began while this process watched: each is an election."),
  fleet_leader_changes_total: counter("How often this process saw a leader take over from another."),
  fleet_proposals_total: counter(
    "Writes that came to this replica: accepted = applied here; failed = their outcome is unknown to the caller; refused = never taken into the log.",
    "result",
  ),
  fleet_proposals_pending: gauge("Writes that wait to be committed and applied."),
  fleet_calls_waiting: gauge("Calls that wait to be begun, since heartbeats and what was begun go first."),
  fleet_calls_refused_total: counter(
    "Calls that were refused unbegun with a delay after which they may come again: too many waited, or for too long.",
  ),
  fleet_apply_duration_seconds: histogram(
    "Time to apply one page of committed entries, or one slice of a large entry.",
  ),
  fleet_wal_sync_duration_seconds: histogram("Time to write one frame of the log and to sync it."),
  fleet_snapshot_save_duration_seconds: histogram("Time to encode a snapshot and to make it durable."),
  fleet_snapshot_age_seconds: gauge("Age of the newest snapshot on disk."),
  fleet_exported_snapshot_age_seconds: gauge(
    "For how long what is exported has not been known to be the newest state. On the leader only, with --snapshot-to.",
  ),
  fleet_exported_snapshot_interval_seconds: gauge(
    "How often the leader exports, if anything has changed. On the leader only, with --snapshot-to.",
  ),
  fleet_exported_snapshots_undeleted: gauge(
    "Exported snapshots that should be gone and could not be deleted when last tried. On the leader only, with --snapshot-to.",
  ),
  fleet_exported_snapshots_vanished: gauge(
    "Exported snapshots that this leader had seen, and of which none is there any more: unmounted, or removed. On the leader only, with --snapshot-to.",
  ),
  fleet_disk_full: gauge("1 while something waits for space on the disk."),
  fleet_disk_slow: gauge("1 while the disk is too slow to lead with (ADR-0007)."),
  fleet_state_checkpoint_index: gauge("The applied index at which fleet_state_checkpoint_hash was taken."),
  fleet_state_checkpoint_hash: gauge(
    "The first 48 bits of the state hash at the checkpoint: equal on all replicas at an equal index.",
  ),

  fleet_state_fenced: gauge(
    "1 if this replica's state is wrong: it serves nothing until it is rebuilt (ADR-0017).",
  ),
  fleet_state_disputed: gauge("1 if the replicas' states differ and none has a majority (ADR-0017)."),

  fleet_raft_groups: gauge("Raft groups of this process, the fleet's own included."),
  fleet_raft_groups_led: gauge("Raft groups that this process leads."),
  fleet_raft_groups_quiescent: gauge("Raft groups of this process in which nothing happens (ADR-0008)."),
  fleet_raft_groups_leaderless: gauge("Raft groups of which this process knows no leader."),

  fleet_bindings: gauge("Clusters with a declared shard."),
  fleet_domains: gauge("Topology domains with an assigned shard."),
  fleet_client_sessions: gauge("Client sessions in the replicated state."),
  fleet_shards: gauge(
    "Registered shards, by what the leader knows of their life. On the leader only.",
    "state",
  ),
  fleet_writes_refused_total: counter(
    "What this replica did not write down of what shards and callers asked for, by reason.",
    "reason",
  ),
  fleet_report_rows_refused_total: counter(
    "Rows of shards' reports that this replica left out, since no correct shard reports them.",
    "kind",
  ),
  fleet_shards_disobeying: gauge(
    "Shards that obey another incarnation of the cluster, or a newer term, and follow nothing that the leader says. On the leader only.",
  ),
  fleet_reported_sessions: gauge("Sessions of clusters, as the shards reported them. On the leader only."),
  fleet_drift_clusters: gauge(
    "Clusters whose observed binding is not the declared one, by kind. On the leader only.",
    "kind",
  ),
  fleet_instructions_pending: gauge("Instructions that no shard has answered yet. On the leader only."),
  fleet_instructions_oldest_age_seconds: gauge(
    "Age of the oldest instruction that no shard has answered yet; 0 without any. On the leader only.",
  ),

  fleet_shard_sessions: gauge("Clusters with a live session at this shard."),
  fleet_shard_bindings: gauge("Clusters in this shard's own record, by the state of their binding.", "state"),
  fleet_shard_report_age_seconds: gauge("Time since a coordinator last took this shard's report."),
  fleet_shard_report_left_out: gauge(
    "What this shard's last report had no room for, or the coordinators did not write down, by kind.",
    "kind",
  ),
  fleet_shard_sessions_ended_total: counter(
    "Sessions that this shard refused or ended, by reason.",
    "reason",
  ),

  fleet_agents: gauge("Agents of this process, by state; `waiting` is one in its backoff.", "state"),

  fleet_calls_denied_total: counter(
    "Calls and handshakes that were refused for who made them, by reason; the log names them.",
    "reason",
  ),
  fleet_logins_total: counter("Connections whose certificate proved an identity, by its kind.", "kind"),
  fleet_calls_limited_total: counter(
    "Calls refused for the limits of their caller's identity, by its kind and the reason; the log names it.",
    "kind",
    "reason",
  ),
  fleet_internal_errors_total: counter(
    "Exceptions that nothing foresaw, in handlers, streams and background tasks: bugs, each logged with its stack under the id that the caller was told.",
  ),

  process_cpu_seconds_total: counter("Processor time spent, user and system."),
  process_resident_memory_bytes: gauge("Resident memory."),
  process_start_time_seconds: gauge("When this process started, in seconds since 1970."),
  nodejs_heap_size_used_bytes: gauge("Used heap of the JavaScript engine."),
  nodejs_eventloop_lag_p99_seconds: gauge(
    "How late the event loop was since the last look, 99th percentile.",
  ),
  nodejs_eventloop_lag_max_seconds: gauge("How late the event loop was since the last look, at most."),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

function gauge(help: string, ...labels: readonly Label[]): Metric {
  return { type: "gauge", help, labels };
}

function counter(help: string, ...labels: readonly Label[]): Metric {
  return { type: "counter", help, labels };
}

function histogram(help: string): Metric {
  return { type: "histogram", help, labels: [] };
}
