// Every metric that a process of the fleet exposes, in the order in which they are exposed (docs/metrics.md,
// ADR-0010). What must stay true: a label takes few values. No label names a thing that a fleet has thousands
// of: no cluster, domain, route or Raft group. Base units: seconds, bytes; counters end in _total.

export type Label = "file" | "kind" | "peer" | "process" | "reason" | "result" | "role" | "state" | "version";

export interface Metric {
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly Label[];
}

export const METRICS = {
  fleet_build_info: gauge("Always 1; the labels name the program and its version.", "process", "version"),
  fleet_ready: gauge("1 if /readyz reports that this process is ready."),
  fleet_certificate_expiry_timestamp_seconds: gauge(
    "Earliest expiry of the certificates in this process's files: its trusted authorities (ca), and its own (cert).",
    "file",
  ),

  fleet_raft_role: gauge("1 for this replica's role, 0 for the others.", "role"),
  fleet_raft_has_leader: gauge("1 if this replica knows a leader."),
  fleet_raft_term: gauge("The current term."),
  fleet_raft_commit_index: gauge("The last entry known to be committed."),
  fleet_raft_applied_index: gauge("The last entry applied to the tables."),
  fleet_raft_last_log_index: gauge("The last entry of the log."),
  fleet_raft_snapshot_index: gauge("The last entry that the newest snapshot on disk covers."),
  fleet_raft_voters: gauge("Voters of the configuration. On the leader only."),
  fleet_raft_voters_active: gauge("Voters that the leader hears, including itself. On the leader only."),
  fleet_raft_follower_match_index: gauge(
    "The last entry that the follower is known to hold. On the leader only.",
    "peer",
  ),
  fleet_raft_follower_lag_entries: gauge(
    "Entries of the leader's log that the follower is not known to hold. On the leader only.",
    "peer",
  ),
  fleet_raft_held_log_bytes: gauge(
    "Extra log that the leader keeps for followers that receive a snapshot. On the leader only.",
  ),
  fleet_raft_held_log_max_bytes: gauge("The limit of that extra log. On the leader only."),
  fleet_raft_held_log_exceeded_total: counter(
    "Followers for which that limit was too small: each needed another snapshot.",
  ),
  fleet_peer_round_trip_seconds: gauge(
    "How long the last answered heartbeat to the peer took. On the leader only.",
    "peer",
  ),
  fleet_raft_messages_dropped_total: counter(
    "Peers' messages of all groups that this replica dropped, by reason. No correct replica causes `malformed` or `out-of-reach`. A replica whose build is older than the cluster's may drop with `unknown-command`.",
    "reason",
  ),
  fleet_elections_total: counter("New terms that this process has seen: each is an election."),
  fleet_leader_changes_total: counter("Changes of the leader that this process has seen."),
  fleet_proposals_total: counter(
    "Writes that this replica received: accepted = applied here; failed = the caller does not know the outcome; refused = never appended to the log.",
    "result",
  ),
  fleet_proposals_pending: gauge("Writes that wait to be committed and applied."),
  fleet_calls_waiting: gauge("Calls that wait to start: heartbeats and started calls have priority."),
  fleet_calls_refused_total: counter(
    "Calls refused before they started, with a delay for the retry: too many calls waited, or this one waited too long.",
  ),
  fleet_apply_duration_seconds: histogram(
    "Time to apply one page of committed entries, or one slice of a large entry.",
  ),
  fleet_wal_sync_duration_seconds: histogram("Time to write one frame of the log and to sync it."),
  fleet_snapshot_save_duration_seconds: histogram("Time to encode a snapshot and to make it durable."),
  fleet_snapshot_age_seconds: gauge("Age of the newest snapshot on disk."),
  fleet_exported_snapshot_age_seconds: gauge(
    "How long ago the newest exported snapshot was last known to hold the newest state. On the leader only, with --snapshot-to.",
  ),
  fleet_exported_snapshot_interval_seconds: gauge(
    "Interval of exports while the state changes. On the leader only, with --snapshot-to.",
  ),
  fleet_exported_snapshots_undeleted: gauge(
    "Outdated exported snapshots whose last deletion failed. On the leader only, with --snapshot-to.",
  ),
  fleet_exported_snapshots_vanished: gauge(
    "Exported snapshots that this leader has seen, if all of them are gone now: unmounted, or removed. On the leader only, with --snapshot-to.",
  ),
  fleet_disk_full: gauge("1 while a write waits for space on the disk."),
  fleet_disk_slow: gauge("1 while the disk is too slow for a leader (ADR-0007)."),
  fleet_disk_free_bytes: gauge("Free bytes that the replica may use on the file system of its data folder."),
  fleet_disk_size_bytes: gauge("Size of the file system of the replica's data folder."),
  fleet_state_checkpoint_index: gauge("The applied index at which fleet_state_checkpoint_hash was taken."),
  fleet_state_checkpoint_hash: gauge(
    "The first 48 bits of the state hash at the checkpoint: the same on all replicas at the same index.",
  ),

  fleet_state_fenced: gauge(
    "1 if this replica's state is wrong: it serves nothing until it is rebuilt (ADR-0017).",
  ),
  fleet_state_disputed: gauge("1 if the replicas' states differ and none has a majority (ADR-0017)."),

  fleet_raft_groups: gauge("Raft groups of this process, the fleet's own included."),
  fleet_raft_groups_led: gauge("Raft groups that this process leads."),
  fleet_raft_groups_quiescent: gauge(
    "Quiescent Raft groups of this process: they have no work and send no heartbeats (ADR-0008).",
  ),
  fleet_raft_groups_leaderless: gauge("Raft groups of which this process knows no leader."),

  fleet_keys: gauge("Keys of etcd's API, as this replica has them."),
  fleet_keys_revision: gauge("The newest revision of the keys that this replica has."),
  fleet_keys_compact_revision: gauge("Earlier revisions of the keys can't be read; -1 = never compacted."),
  fleet_keys_bytes: gauge("Memory of all versions of the keys, with those that are not freed yet."),
  fleet_keys_leases: gauge("Leases of etcd's API."),
  fleet_keys_history_full: gauge(
    "1 while the retention's window needs more revisions than the limit allows: writes of keys are refused.",
  ),
  fleet_keys_fenced: gauge(
    "1 if this replica's keys are wrong: it serves none until it is rebuilt (ADR-0070).",
  ),
  fleet_keys_disputed: gauge("1 if the replicas' keys differ and none has a majority (ADR-0070)."),
  fleet_keys_watches: gauge("Watches of keys through this replica."),
  fleet_keys_watches_behind: gauge("Watches of keys that still read history, or whose clients do not read."),

  fleet_bindings: gauge("Clusters with a declared shard."),
  fleet_domains: gauge("Topology domains with an assigned shard."),
  fleet_client_sessions: gauge("Client sessions in the replicated state."),
  fleet_shards: gauge("Registered shards, by liveness as the leader knows it. On the leader only.", "state"),
  fleet_writes_refused_total: counter(
    "Requests of shards and callers that this replica refused to write, by reason.",
    "reason",
  ),
  fleet_report_rows_refused_total: counter(
    "Rows of shards' reports that this replica ignored, because no correct shard reports them.",
    "kind",
  ),
  fleet_shards_disobeying: gauge(
    "Shards that obey another incarnation of the cluster or a newer term, and ignore this leader. On the leader only.",
  ),
  fleet_reported_sessions: gauge("Sessions of clusters that the shards reported. On the leader only."),
  fleet_drift_clusters: gauge(
    "Clusters whose observed binding differs from the declared one, by kind. On the leader only.",
    "kind",
  ),
  fleet_instructions_pending: gauge("Instructions that no shard has answered yet. On the leader only."),
  fleet_instructions_oldest_age_seconds: gauge(
    "Age of the oldest instruction that no shard has answered yet; 0 without any. On the leader only.",
  ),

  fleet_shard_sessions: gauge("Clusters with a live session at this shard."),
  fleet_shard_bindings: gauge("Clusters in this shard's own record, by the state of their binding.", "state"),
  fleet_shard_report_age_seconds: gauge("Time since a coordinator last accepted this shard's report."),
  fleet_shard_report_left_out: gauge(
    "Rows that did not fit this shard's last report, or that the coordinators did not write, by kind.",
    "kind",
  ),
  fleet_shard_sessions_ended_total: counter(
    "Sessions that this shard refused or ended, by reason.",
    "reason",
  ),

  fleet_agents: gauge("Agents of this process, by state; `waiting` = in backoff.", "state"),

  fleet_calls_denied_total: counter(
    "Calls and handshakes refused because of the caller's identity, by reason; the log names the callers.",
    "reason",
  ),
  fleet_logins_total: counter("Connections whose certificate proved an identity, by its kind.", "kind"),
  fleet_calls_limited_total: counter(
    "Calls refused because the caller's identity exceeded a limit, by kind of identity and reason; the log names the callers.",
    "kind",
    "reason",
  ),
  fleet_callers_slowed_total: counter(
    "Slowed calls and connections of repeatedly refused callers, by kind. The log names the callers.",
    "kind",
  ),
  fleet_internal_errors_total: counter(
    "Unexpected exceptions in handlers, streams and background tasks. Each is a bug, logged with its stack under the id that the caller got.",
  ),

  process_cpu_seconds_total: counter("Processor time spent, user and system."),
  process_resident_memory_bytes: gauge("Resident memory."),
  process_start_time_seconds: gauge("When this process started, in seconds since 1970."),
  nodejs_heap_size_used_bytes: gauge("Used heap of the JavaScript engine."),
  nodejs_eventloop_lag_p99_seconds: gauge("Delay of the event loop since the last scrape, 99th percentile."),
  nodejs_eventloop_lag_max_seconds: gauge("Longest delay of the event loop since the last scrape."),
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
