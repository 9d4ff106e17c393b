// What a coordinator opens before it is anything: its certificates, its data folder, and what that folder says of this replica.
// What must stay true: nothing is assembled before the folder was read and found whole.

import { guardedTimers, systemTimers, type Timers } from "../../base/timers.ts";
import { DiskStorage } from "../../storage/disk-storage.ts";
import { GroupsFile } from "../../storage/groups-file.ts";
import { RejoinMark } from "../../storage/rejoin-mark.ts";
import { InternalErrors } from "../../wire/server/internal-errors.ts";
import { HeldDenials } from "../../wire/tls/held-denials.ts";
import { requireHolder } from "../../wire/tls/holder.ts";
import { followTls } from "../../wire/tls/live-tls.ts";
import type { Tls } from "../../wire/tls/tls.ts";
import { type CoordinatorOptions, ownPeer } from "../coordinator-options.ts";
import { startTrust } from "../divergence/start-trust.ts";
import type { StateTrust } from "../divergence/state-trust.ts";
import { encryptionChoice, warnOfExisting, warnOfPlainEtcd } from "../encryption/encryption.ts";
import { faultBoard, worldWith } from "../faults/coordinator-faults.ts";
import type { FaultBoard } from "../faults/fault-board.ts";
import { bootstrap, refuseOwnLog } from "../membership/bootstrap.ts";

export interface Opened {
  readonly tls: Tls;
  readonly errors: InternalErrors;
  readonly timers: Timers;
  readonly faults: FaultBoard;
  readonly storage: DiskStorage;
  /** Whether the folder was found empty although the fleet exists. */
  readonly mark: RejoinMark;
  /** What it says of the groups beside the fleet's own. */
  readonly groupsFile: GroupsFile;
  /** Null without TLS. */
  readonly denials: HeldDenials | null;
  readonly trust: StateTrust;
  stopFollowing(): void;
}

export async function open(options: CoordinatorOptions): Promise<Opened> {
  const { self, clusterId, dataDirectory, log } = options;
  const { name } = ownPeer(options);
  requireHolder(options.tls, { kind: "replica", id: self }, name);
  const { tls, close: stopFollowing } = followTls(options.tls, log);
  const errors = new InternalErrors(`coordinator ${name}`, log);
  const timers = guardedTimers(systemTimers, errors);
  const faults = faultBoard(options, timers);
  const mark = new RejoinMark(dataDirectory);
  const storage = await DiskStorage.open({
    directory: dataDirectory,
    identity: { clusterId, nodeId: self },
    encryption: await encryptionChoice(options.encryption ?? null),
    onReport: (report) => log.warn("storage", { ...report }),
    world: worldWith(faults),
  });
  warnOfExisting(options.encryption ?? null, await storage.encryption(), log);
  warnOfPlainEtcd(options.encryption ?? null, options.engine ?? null, log);
  const denials =
    tls === "insecure-loopback" ? null : await HeldDenials.open(dataDirectory, tls.denyList, log);
  const voters = options.replicas.map((replica) => replica.id);
  // On etcd the folder holds nothing of the log.
  if (options.engine == null) await bootstrap({ ...options, voters }, storage, mark);
  else await refuseOwnLog(storage, dataDirectory);
  const groupsFile = await GroupsFile.open(dataDirectory);
  const trust = startTrust(dataDirectory, log);
  return { tls, errors, timers, faults, storage, mark, groupsFile, denials, trust, stopFollowing };
}
