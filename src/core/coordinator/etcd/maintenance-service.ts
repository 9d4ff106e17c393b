// etcd's Maintenance service, as far as it makes sense here. A snapshot has the keys and leases, not the fleet's
// tables. There is no file to defragment.

import { status } from "@grpc/grpc-js";
import { nodeId } from "../../base/ids.ts";
import {
  type AlarmMember,
  AlarmRequest_AlarmAction,
  AlarmType,
  type MaintenanceServer,
  type StatusResponse,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import { Places } from "../calls/places.ts";
import { DatabaseSender } from "./database-sender.ts";
import { unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext, KeyGroup } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOfKeys, errorOfUnreadable, etcdError, notServed } from "./etcd-errors.ts";
import type { KeyLeaderMoves } from "./key-leader-moves.ts";
import { isOverQuota } from "./key-quota.ts";
import type { KeyStore } from "./kv-service.ts";

/** The version of etcd whose API this is. Clients read it to know what they may ask for. */
const API_VERSION = "3.5.33";
/** Each reads all of the history, and keeps what compactions would free meanwhile. */
const HASHES_MAX = 8;
const IDENTITY_HASHES_MAX = 2;
const NO_DOWNGRADE = notServed("a fleet's version never goes back");
const ALARMS_FOLLOW = etcdError(
  status.FAILED_PRECONDITION,
  "an alarm here is a full disk or key space: it ends when there is space",
);

export function maintenanceService(
  context: EtcdContext,
  { headers, reads }: KeyStore,
  moves: Pick<KeyLeaderMoves, "move">,
): Implementation<MaintenanceServer> {
  const hashes = new Places({
    total: HASHES_MAX,
    perIdentity: IDENTITY_HASHES_MAX,
    reason: "TOO_MANY_HASHES",
    doing: "hash the key space of this member",
  });
  const hashAt = async ({ identity, deadline }: Caller, revision: number) => {
    await reads.opened(deadline);
    const leave = hashes.take(identity);
    try {
      const hashed = reads.here().hashKv(revision);
      if (!hashed.ok) throw errorOfKeys(hashed.error);
      const { compactRevision, hash: steps } = hashed.response;
      return { compactRevision, hash: await context.fleet.largeWork.run(formatIdentity(identity), steps) };
    } finally {
      leave();
    }
  };
  const databases = new DatabaseSender(context, reads, headers);
  return {
    status: unaryMethod(context, async (_, { deadline }) => {
      const keys = await reads.opened(deadline);
      return statusOf(context, keys, headers.now());
    }),
    alarm: unaryMethod(context, async ({ action, alarm }, { deadline }) => {
      const alarms = alarmsOf(context, await reads.opened(deadline));
      if (action === AlarmRequest_AlarmAction.GET) return { header: headers.now(), alarms };
      // Only what changes nothing is done: clients clear alarms that may be none.
      const isRaised = alarms.some((raised) => raised.alarm === alarm);
      if (action !== AlarmRequest_AlarmAction.DEACTIVATE || isRaised) throw ALARMS_FOLLOW;
      return { header: headers.now(), alarms: [] };
    }),
    // Segments are recycled all the time.
    defragment: unaryMethod(context, async () => ({ header: headers.now() })),
    // There is no file whose hash this could be. Replicas are equal if their keys are.
    hash: unaryMethod(context, async (_, caller) => {
      const { hash } = await hashAt(caller, 0);
      return { header: headers.now(), hash };
    }),
    hashKv: unaryMethod(context, async ({ revision }, caller) => {
      const hashed = await hashAt(caller, revision);
      return { header: headers.now(), ...hashed };
    }),
    snapshot: (call) => databases.send(call),
    moveLeader: unaryMethod(context, async ({ targetID }, caller) => {
      await moves.move(reads.group(), nodeId(Number(targetID)), caller);
      return { header: headers.now() };
    }),
    downgrade: () => Promise.reject(NO_DOWNGRADE),
  };
}

function alarmsOf({ fleet: { self, disk } }: EtcdContext, { machine }: KeyGroup): AlarmMember[] {
  const { space, trust } = machine;
  const memberID = String(self);
  const alarms: AlarmMember[] = [];
  if (disk.isFull || (space !== null && isOverQuota(space)))
    alarms.push({ memberID, alarm: AlarmType.NOSPACE });
  if (!trust.isTrusted) alarms.push({ memberID, alarm: AlarmType.CORRUPT });
  return alarms;
}

function statusOf(
  { fleet }: EtcdContext,
  { driver, machine }: KeyGroup,
  header: StatusResponse["header"],
): StatusResponse {
  const { leader, commit, term, config } = driver.status();
  const { logBytes, snapshotBytes } = fleet.sizes();
  return {
    header,
    version: API_VERSION,
    // Of the whole process: its groups share one log.
    dbSize: logBytes + snapshotBytes,
    dbSizeInUse: logBytes + snapshotBytes,
    leader: String(leader),
    raftIndex: commit,
    raftTerm: term,
    raftAppliedIndex: driver.appliedIndex,
    errors: [
      ...(leader === 0 ? [ETCD_ERRORS.noLeader.details] : []),
      ...(machine.trust.isTrusted ? [] : [errorOfUnreadable(machine.trust).details]),
    ],
    isLearner: config.learners.includes(fleet.self),
  };
}
