// The operator's next step after each refusal, by its stable reason: an exact command where there is one. What must stay true:
// a name that the refusal knows is in the command. Absent: the sentences of refusals (core/fleet/render-refusal.ts).

import { Exit } from "../core/base/errors.ts";
import { NAME_RULE } from "../core/base/ids.ts";
import { shellWord } from "../core/base/shell-word.ts";
import type { RpcFailure } from "../core/wire/rpc-error.ts";

/** By what there is too much of (fleet/result.ts), how to make room. */
const ROOM_FOR: Readonly<Record<string, string>> = {
  "unfinished plans": "end one that is not needed: fleet rebind status, then fleet rebind abort PLAN",
  "steps in all plans": "end or finish a large plan: fleet rebind status, then fleet rebind abort PLAN",
  revocations: "take back those of expired certificates: fleet cert revoked, then fleet cert unrevoke",
  roles: "delete one that is not needed: fleet role list, then fleet role delete ROLE",
  grants:
    "revoke those that are not needed: fleet role show ROLE, then fleet role revoke ROLE --from OPERATOR",
  "roles of one operator": "revoke one: fleet role list, then fleet role revoke ROLE --from OPERATOR",
  "names in a role": "divide the names among several roles: fleet role create",
  providers: "remove one that is not needed: fleet provider list, then fleet provider remove PROVIDER",
  quotas: "remove one that is not needed: fleet quota list, then fleet quota remove",
  "slices of a quota": "give a slice to fewer shards: fleet quota set",
};

/** The commands with which an administrator would grant it. */
function askForGrant({ operator = "", verb = "", table = "", name = "" }: RpcFailure["metadata"]): string {
  const role = `${operator}-${verb}-${table}`;
  const allow = shellWord(`${verb} ${table} ${name}`);
  return `ask an administrator for it: fleet role create ${role} --allow ${allow}, then fleet role grant ${role} --to ${operator}; see the roles: fleet role list`;
}

interface Advice {
  readonly next: (metadata: RpcFailure["metadata"]) => string;
  /** A refusal is about the fleet's state unless this says that it is about what was asked. */
  readonly exit?: Exit;
}

export const adviceByReason: Readonly<Record<string, Advice | undefined>> = {
  FAULTS_NOT_ALLOWED: {
    next: () =>
      "start the coordinator with --allow-faults (a local fleet: faults: allowed in fleet.yaml), or run a drill that needs none: fleet drill list",
  },
  REPLICA_DIVERGED: {
    next: ({ node }) => `ask another node; give this one a new copy with: fleet member rebuild ${node}`,
    exit: Exit.NoQuorum,
  },
  STATE_UNCONFIRMED: {
    next: () =>
      "try again in a few seconds; if it stays so, see which nodes are down or differ: fleet status",
    exit: Exit.NoQuorum,
  },
  STATE_DISPUTED: {
    next: () =>
      "see which nodes differ: fleet status; then rebuild the wrong ones: fleet member rebuild NODE",
    exit: Exit.NoQuorum,
  },
  INTERNAL: {
    next: ({ id, process }) =>
      `Check whether the change was made. Then report the lines that grep ${id} finds in the log of ${process}`,
    exit: Exit.Failure,
  },
  CLUSTER_ALREADY_BOUND: {
    next: ({ owner, cluster }) => `move it from ${owner} with: fleet rebind ${cluster} --to <shard>`,
  },
  CLUSTER_VERSION_TOO_LOW: {
    next: ({ nodes = "" }) =>
      nodes === ""
        ? "try again in a moment: the cluster version is being raised"
        : `upgrade and start ${nodes.replaceAll(",", ", ")}, then try again; see: fleet status`,
  },
  CLUSTER_UNKNOWN: { next: () => "see the known clusters: fleet cluster list", exit: Exit.NotFound },
  INCARNATION_CHANGED: {
    next: () =>
      "the cluster was recovered or restored: acknowledged changes may be missing. Check the state (fleet status, fleet audit list), then repeat what is missing",
  },
  CLUSTER_CLAIMED: {
    next: ({ plan }) =>
      `see how far it is: fleet rebind status ${plan}; to end it: fleet rebind abort ${plan}`,
  },
  PLAN_UNKNOWN: { next: () => "see the plans: fleet rebind status", exit: Exit.NotFound },
  PLAN_EXISTS: { next: ({ plan }) => `see how far it is: fleet rebind status ${plan}` },
  PLAN_ENDED: { next: ({ plan }) => `see how it ended: fleet rebind status ${plan}` },
  PLAN_FENCED: { next: ({ plan }) => `see who runs it: fleet rebind status ${plan}` },
  PLAN_INCOMPLETE: { next: ({ plan }) => `apply its file again, or end it: fleet rebind abort ${plan}` },
  PLAN_NOT_RUNNING: { next: ({ plan }) => `see its state: fleet rebind status ${plan}` },
  INVALID_PLAN: { next: () => "make a new plan with: fleet rebind plan", exit: Exit.Usage },
  SHARD_OBEYS: { next: () => "nothing to adopt; see: fleet shard list" },
  ADOPTION_OUTDATED: { next: ({ shard }) => `check it again: fleet shard show ${shard}` },
  SHARD_UNKNOWN: { next: () => "see the known shards: fleet shard list", exit: Exit.NotFound },
  CLUSTER_IN_USE: {
    next: ({ cluster }) =>
      `stop its agent first, or move it: fleet rebind; to unbind it anyway: fleet cluster unbind ${cluster} --force`,
  },
  MIGRATION_UNDER_WAY: {
    next: ({ cluster }) =>
      `finish it, or undo it with: fleet rebind rollback --cluster ${cluster}; without an agent: fleet cluster unbind ${cluster} --force`,
  },
  OWNER_CHANGED: { next: () => "see who owns it now: fleet cluster list" },
  DOMAIN_ALREADY_ASSIGNED: {
    next: ({ version }) =>
      `see who has it: fleet domain list; to move it anyway, give --expect-version ${version}`,
  },
  MEMBER_UNKNOWN: { next: () => "see the members: fleet member list", exit: Exit.NotFound },
  MEMBER_EXISTS: {
    next: () => "choose another name, number and address: fleet member list shows those in use",
  },
  MEMBER_REMOVED: { next: () => "give the node a number that was never used" },
  QUORUM_WOULD_BE_LOST: {
    next: () => "start the nodes that are down, or add a member first: fleet member add",
  },
  ONLY_VOTER: {
    next: () =>
      "make another node a voter (fleet member promote), then remove this one (fleet member remove)",
  },
  MEMBER_NOT_CAUGHT_UP: { next: () => "wait until it has: fleet member list -w" },
  CONFIGURATION_CHANGED: {
    next: () => "look at the configuration and its index: fleet member list; then give --expect-index again",
  },
  NOT_A_VOTER: { next: () => "choose a voter, or let the fleet choose: fleet leader transfer" },
  ENGINE_IS_ETCD: { next: () => "see what the etcd engine can do: docs/etcd-engine.md" },
  MEMBER_UNREACHABLE: { next: () => "see which nodes are up: fleet status" },
  AUDIT_ENTRY_MISSING: { next: () => "run the same command again: it writes the entry first" },
  SUCCESSOR_DISK_FULL: { next: () => "name another node, or make room on its disk: fleet doctor" },
  SUCCESSOR_FENCED: { next: () => "name another node, or rebuild this one: fleet member rebuild NODE" },
  NO_SUCCESSOR: { next: () => "see which nodes are up: fleet status" },
  TRANSFER_FAILED: {
    next: () => "leadership did not move; try again, or another node: fleet leader transfer NODE",
  },
  VERSION_CONFLICT: {
    next: ({ actual }) => `another writer changed it: look at it again, then give --expect-version ${actual}`,
  },
  SHARD_DRAINING: {
    next: ({ shard }) => `choose another shard, or end the drain: fleet shard activate ${shard}`,
  },
  SHARD_REMOVED: { next: ({ shard }) => `activate it: fleet shard activate ${shard}` },
  LABEL_EXISTS: { next: () => "to replace the value, add --overwrite" },
  SHARD_NOT_REMOVED: { next: ({ shard }) => `remove it first: fleet shard remove ${shard}` },
  SHARD_HEARD: {
    next: ({ shard }) => `stop its process, then wait until fleet shard show ${shard} says dead`,
  },
  SHARD_UNHEARD: {
    next: ({ shard, cluster }) => {
      const what = cluster === undefined ? `shard remove ${shard}` : `cluster unbind ${cluster}`;
      return `wait for its report: fleet shard show ${shard} -w; if the shard is gone: fleet ${what} --force`;
    },
  },
  SHARD_IN_USE: {
    next: ({ shard }) =>
      `see what remains: fleet shard show ${shard}; move it, or remove it with the shard: fleet shard remove ${shard} --force`,
  },
  BATCH_REFUSED: { next: () => "see which rows, and why: fleet domain move --dry-run; correct the file" },
  BATCH_TOO_LARGE: { next: ({ limit }) => `give at most ${limit} at a time`, exit: Exit.Usage },
  DUPLICATE_SLICE: { next: () => "name each shard once", exit: Exit.Usage },
  TOO_MANY: { next: ({ what = "" }) => ROOM_FOR[what] ?? "remove what is no longer needed" },
  QUOTA_EXCEEDED: {
    next: () => "lower the slices or the limit, or raise the provider's declaration: fleet provider set",
  },
  PROVIDER_UNKNOWN: { next: () => "register it: fleet provider set", exit: Exit.NotFound },
  PROVIDER_IN_USE: {
    next: ({ provider }) => `remove its quotas first: fleet quota list --provider ${provider}`,
  },
  CERTIFICATE_REVOKED: {
    next: ({ who = "" }) => `get a new certificate for ${who}: fleet cert issue, or fleet cert rotate`,
    exit: Exit.Authentication,
  },
  CERTIFICATE_EXPIRED: {
    next: ({ who = "" }) => `get a new certificate for ${who}: fleet cert issue, or fleet cert rotate`,
    exit: Exit.Authentication,
  },
  CERTIFICATE_SERIAL_UNUSABLE: {
    next: () => "have its authority issue another one, with a positive serial number of at most 20 bytes",
    exit: Exit.Authentication,
  },
  AUTHORITY_MISMATCH: {
    next: () => "use a certificate that the authority of its own kind issued: fleet cert issue",
    exit: Exit.Authentication,
  },
  INVALID_REVOCATION: {
    next: () => "give a serial number, an identity or the file of a certificate: fleet cert list",
    exit: Exit.Usage,
  },
  REVOCATION_UNKNOWN: { next: () => "see what is revoked: fleet cert revoked", exit: Exit.NotFound },
  REVOKES_CALLER: {
    next: ({ identity }) =>
      identity === undefined
        ? "use another certificate to revoke this one: fleet cert issue, or fleet cert rotate"
        : `Get a new certificate: fleet cert issue, or fleet cert rotate. With it, run: fleet cert revoke ${identity} --issued-before TIME. TIME is when the new certificate begins`,
  },
  REVOCATION_ENDS_QUORUM: {
    next: ({ nodes }) =>
      `Give ${nodes} a new certificate: fleet cert rotate. Wait until it answers: fleet member list -w. Then revoke the old certificate by its serial number or its file. Or remove the node: fleet member remove`,
  },
  FEATURE_GATE_UNKNOWN: { next: () => "see the gates: fleet gate list", exit: Exit.NotFound },
  FILTER_UNKNOWN: { next: () => "leave that filter out", exit: Exit.Usage },
  TOO_STALE: {
    next: () => "allow more with --max-staleness, or accept any answer with --stale",
    exit: Exit.NoQuorum,
  },
  ORDER_UNKNOWN: { next: () => "leave that order out", exit: Exit.Usage },
  PAGE_TOKEN_INVALID: { next: () => "list from the beginning", exit: Exit.Usage },
  TABLE_UNKNOWN: { next: () => "see the tables: fleet watch --help", exit: Exit.Usage },
  INVALID_NAME: { next: () => NAME_RULE, exit: Exit.Usage },
  INVALID_DOMAIN: { next: () => "give it as KEY=VALUE of printable characters", exit: Exit.Usage },
  INVALID_ADDRESS: { next: () => "give it as HOST:PORT", exit: Exit.Usage },
  GRANT_MISSING: { next: askForGrant, exit: Exit.Authentication },
  ROLE_MISSING: {
    next: ({ operator = "" }) =>
      `ask an administrator for a role: fleet role grant ROLE --to ${operator}; see the roles: fleet role list`,
    exit: Exit.Authentication,
  },
  ADMINISTRATOR_ONLY: {
    next: () => "ask an administrator, or use the certificate of one (certs/admin.crt)",
    exit: Exit.Authentication,
  },
  ROLE_UNKNOWN: { next: () => "see the roles: fleet role list", exit: Exit.NotFound },
  ROLE_IN_USE: {
    next: ({ role }) =>
      `see who has it: fleet role show ${role}; revoke it from each: fleet role revoke ${role} --from OPERATOR`,
  },
  INVALID_ROLE: {
    next: () => 'give each rule as "VERBS TABLES NAMES", for example "drain,use shard a-*"',
    exit: Exit.Usage,
  },
  REASON_TOO_LONG: { next: () => "give a shorter --reason", exit: Exit.Usage },
  REBIND_TO_SAME_SHARD: { next: () => "nothing to move; see: fleet cluster list" },
  MEMBER_IS_VOTER: { next: ({ name }) => `to take its vote, remove it: fleet member remove ${name}` },
  DUPLICATE_ROW: { next: () => "name each domain once" },
  PLAN_PAUSED: { next: ({ plan }) => `continue it: fleet rebind resume ${plan}` },
  PLAN_ROLLS_BACK: { next: ({ plan }) => `see how far it is: fleet rebind status ${plan}` },
  PROBES_FULL: { next: () => "remove those of interrupted drills: fleet drill heal" },
  TOO_MANY_FAULTS: { next: () => "clear those of interrupted drills: fleet drill heal" },
  SESSION_EXPIRED: { next: () => "look at the state before you repeat the write: fleet audit list" },
  NOT_ENCRYPTED: {
    next: () => "start it with --encryption-key-file FILE and --encrypt-existing: docs/encryption.md",
  },
  REPLICA_MISMATCH: { next: () => "compare the nodes' addresses: fleet member list -o wide" },
  DISK_FULL: {
    next: () => "make room on the leader's disk; see which node that is: fleet status",
    exit: Exit.Failure,
  },
  ANSWER_TOO_LARGE: { next: () => "ask for less, for example with --limit", exit: Exit.Failure },
  REQUEST_TOO_LARGE: { next: () => "send less at once", exit: Exit.Failure },
  TOO_MANY_MEMBERS: {
    next: () =>
      "keep the present members, since the rows of removed ones stay; a node with a new disk keeps its number: fleet member rebuild NAME",
  },
  SAME_MEMBER: {
    next: () => "to give it a new copy of the data, rebuild it: fleet member rebuild NAME",
    exit: Exit.Usage,
  },
  INVALID_MEMBER: {
    next: () => "give it a number that is in use by no node: fleet member list",
    exit: Exit.Usage,
  },
  CONFIGURATION_CHANGE_INVALID: { next: () => "see the members: fleet member list", exit: Exit.Usage },
  GROUPS_LEAVING: { next: () => "keep its process running; see when it has left: fleet member list -w" },
  REVOCATION_UNDER_WAY: { next: () => "wait for its end, then try again; see: fleet cert revoked" },
  MEMBERSHIP_CHANGE_UNDER_WAY: {
    next: () => "wait for its end, then try again; see: fleet member list -w",
  },
  LOG_LEVEL_UNKNOWN: {
    next: ({ node }) =>
      `compare its build with this one: fleet status -o wide, fleet version; upgrade ${node}`,
  },
  OPERATION_UNKNOWN: { next: () => "run the build that the nodes run: fleet version, fleet status -o wide" },
  KEY_ROTATION_FAILED: {
    next: () => "correct the key file or make room on the node's disk, then try again; see: fleet key status",
  },
  INVALID_LABELS: {
    next: () =>
      "correct them; to make room, remove labels: fleet cluster label NAME KEY-, or fleet shard label NAME KEY-",
  },
  SELECTOR_INVALID: {
    next: () => "correct the selector, for example: fleet cluster list -l team=a,tier!=web",
    exit: Exit.Usage,
  },
  VERB_UNKNOWN: {
    next: () => "see the verbs of each table: fleet role create --help, docs/roles-and-audit.md",
    exit: Exit.Usage,
  },
  NO_KEY_SPACE: { next: () => "make it with a first request: fleet kv get KEY; then try again" },
  INVALID_RETENTION: {
    next: ({ field }) =>
      field === "window" ? "give a shorter --window" : "give more --revisions, or leave the limit out",
  },
  TOO_MANY_SAVES: {
    next: () => "wait until another has ended, then repeat it: fleet snapshot save",
    exit: Exit.Failure,
  },
  PLAN_AT_LIMIT: {
    next: ({ plan }) =>
      `wait until those under way end: fleet rebind status ${plan} -w; a failed one needs: fleet rebind resume ${plan}`,
  },
  PLAN_UNFINISHED: {
    next: ({ plan }) => `finish it: fleet rebind resume ${plan}; or end it there: fleet rebind abort ${plan}`,
  },
  PLAN_STEPS_OUT_OF_ORDER: {
    next: ({ plan }) => `see who else applies it: fleet rebind status ${plan}; then apply its file again`,
  },
  STEP_UNKNOWN: { next: ({ plan }) => `see its steps: fleet rebind status ${plan} --steps` },
  STEP_STATE_INVALID: { next: ({ cluster }) => `see where the cluster is: fleet cluster show ${cluster}` },
};
