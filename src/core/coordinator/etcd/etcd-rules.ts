// Who may call which method of etcd's API, and how large a request may be. What a client may do with a key is checked
// when its request has been decoded (key-access.ts).

import { KEY_BYTES_MAX } from "../../kv/key-space-view.ts";
import type {
  AuthServer,
  ClusterServer,
  KVServer,
  LeaseServer,
  MaintenanceServer,
  WatchServer,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { ElectionServer } from "../../wire/gen/etcd/v3electionpb/v3election.ts";
import type { LockServer } from "../../wire/gen/etcd/v3lockpb/v3lock.ts";
import {
  adminOnly,
  keyReaders,
  keyWriters,
  type MethodRule,
  QUESTION_BYTES_MAX,
  readers,
  type ServiceRules,
  writers,
} from "../../wire/server/method-rules.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import { REQUEST_BYTES_MAX } from "./key-writes.ts";

/** As etcd's: what is a little too large is refused by etcd's own error, and not at the door. */
const OVERHEAD_BYTES = 512 * 1024;
const WRITE_BYTES_MAX = REQUEST_BYTES_MAX + OVERHEAD_BYTES;

// Clients know an error by etcd's text.
const denied = ETCD_ERRORS.permissionDenied.details;
const small = { bytesMax: QUESTION_BYTES_MAX, denied };

/** One name (key-length.ts). The message stays in memory while it is observed. */
export const OBSERVE_BYTES_MAX = 2 * KEY_BYTES_MAX;

const read: MethodRule = { allow: keyReaders, bytesMax: WRITE_BYTES_MAX, denied };
const write: MethodRule = { allow: keyWriters, bytesMax: WRITE_BYTES_MAX, denied };
const question: MethodRule = { ...small, allow: keyReaders };
const change: MethodRule = { ...small, allow: keyWriters };
/** As `fleet member`: the leader checks an operator's roles. */
const membership: MethodRule = { ...small, allow: writers };
const inspection: MethodRule = { ...small, allow: readers };
const administration: MethodRule = { ...small, allow: adminOnly };

export const kvRules: ServiceRules<Implementation<KVServer>> = {
  range: read,
  put: write,
  deleteRange: write,
  txn: write,
  compact: administration,
};

export const watchRules: ServiceRules<Implementation<WatchServer>> = { watch: question };

export const leaseRules: ServiceRules<Implementation<LeaseServer>> = {
  leaseGrant: change,
  leaseRevoke: change,
  leaseKeepAlive: change,
  leaseTimeToLive: question,
  leaseLeases: question,
};

export const lockRules: ServiceRules<Implementation<LockServer>> = { lock: write, unlock: write };

export const electionRules: ServiceRules<Implementation<ElectionServer>> = {
  campaign: write,
  proclaim: write,
  leader: read,
  observe: { ...question, bytesMax: OBSERVE_BYTES_MAX },
  resign: write,
};

export const clusterRules: ServiceRules<Implementation<ClusterServer>> = {
  memberList: question,
  memberAdd: membership,
  memberRemove: membership,
  memberUpdate: membership,
  memberPromote: membership,
};

export const maintenanceRules: ServiceRules<Implementation<MaintenanceServer>> = {
  status: question,
  alarm: inspection,
  defragment: administration,
  hash: inspection,
  hashKv: inspection,
  snapshot: administration,
  moveLeader: administration,
  downgrade: administration,
};

export const authRules: ServiceRules<Implementation<AuthServer>> = {
  authStatus: question,
  authEnable: administration,
  authDisable: administration,
  authenticate: question,
  userAdd: administration,
  userGet: administration,
  userList: administration,
  userDelete: administration,
  userChangePassword: administration,
  userGrantRole: administration,
  userRevokeRole: administration,
  roleAdd: administration,
  roleGet: administration,
  roleList: administration,
  roleDelete: administration,
  roleGrantPermission: administration,
  roleRevokePermission: administration,
};
