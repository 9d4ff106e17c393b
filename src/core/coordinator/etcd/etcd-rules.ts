// Who may call which method of etcd's API, and how large a request may be. What a client may do with a key is checked
// when its request has been decoded (key-access.ts).

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
import { REQUEST_BYTES_MAX } from "./key-writes.ts";

const bytesMax = QUESTION_BYTES_MAX;
/** As etcd's: what is a little too large is refused by etcd's own error, and not at the door. */
const OVERHEAD_BYTES = 512 * 1024;
const WRITE_BYTES_MAX = REQUEST_BYTES_MAX + OVERHEAD_BYTES;

const read: MethodRule = { allow: keyReaders, bytesMax: WRITE_BYTES_MAX };
const write: MethodRule = { allow: keyWriters, bytesMax: WRITE_BYTES_MAX };
const question: MethodRule = { allow: keyReaders, bytesMax };
const change: MethodRule = { allow: keyWriters, bytesMax };
/** As `fleet member`: the leader checks an operator's roles. */
const membership: MethodRule = { allow: writers, bytesMax };
const administration: MethodRule = { allow: adminOnly, bytesMax };

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

export const lockRules: ServiceRules<Implementation<LockServer>> = { lock: change, unlock: change };

export const electionRules: ServiceRules<Implementation<ElectionServer>> = {
  campaign: write,
  proclaim: write,
  leader: question,
  observe: question,
  resign: change,
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
  alarm: { allow: readers, bytesMax },
  defragment: administration,
  hash: { allow: readers, bytesMax },
  hashKv: { allow: readers, bytesMax },
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
