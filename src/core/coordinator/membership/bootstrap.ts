// What an empty data folder means: a fleet that is bootstrapped, or a disk that was lost (ADR-0002). What must stay true:
// the fleet's own group is bootstrapped last, so that a bootstrap which was interrupted begins anew. Groups that are missing
// beside it were lost with a disk, and are never bootstrapped a second time.

import { Exit, OperatorError } from "../../base/errors.ts";
import { FLEET_GROUP, type GroupId, groupId, logIndex, type NodeId, term } from "../../base/ids.ts";
import { onlyVoters } from "../../base/only-voters.ts";
import type { RejoinMark } from "../../storage/rejoin-mark.ts";
import type { Storage } from "../../storage/storage.ts";

export interface Bootstrap {
  readonly dataDirectory: string;
  /** Whether an empty data folder may be bootstrapped; otherwise it means that the disk was lost. */
  readonly bootstrap: boolean;
  /** The voters of every group. */
  readonly voters: readonly NodeId[];
  /** The number of groups besides the fleet's own. */
  readonly groups: number;
}

/** Bootstraps an empty data folder with the first configuration, or marks it as lost. */
export async function bootstrap(asked: Bootstrap, storage: Storage, mark: RejoinMark): Promise<void> {
  if (isBootstrapped(storage, FLEET_GROUP)) return;
  const { dataDirectory, voters, groups } = asked;
  if (asked.bootstrap && !(await mark.isSet())) {
    const others = Array.from({ length: groups }, (_, at) => groupId(at + 1));
    const missing = others.filter((group) => !isBootstrapped(storage, group));
    await Promise.all(missing.map((group) => bootstrapGroup(storage, group, voters)));
    await bootstrapGroup(storage, FLEET_GROUP, voters);
    return;
  }
  if (voters.length === 1) {
    await storage.close();
    throw new OperatorError("DATA_LOST", {
      what: `the data folder ${dataDirectory} is empty, and no other replica holds a copy`,
      why: "the folder was deleted or the wrong one was given",
      next: "put the folder back from a copy, or destroy this fleet and init a new one",
      exit: Exit.Failure,
    });
  }
  await mark.set();
}

/** Throws if the folder holds a log of its own: the fleet's state would begin anew beside it. */
export async function refuseOwnLog(storage: Storage, dataDirectory: string): Promise<void> {
  if (!isBootstrapped(storage, FLEET_GROUP)) return;
  await storage.close();
  throw new OperatorError("ENGINE_MISMATCH", {
    what: `the data folder ${dataDirectory} holds the log of an embedded engine`,
    why: "the fleet was made without --engine etcd",
    next: "start it without --engine etcd, or give it another data folder",
    exit: Exit.Precondition,
  });
}

export function isBootstrapped(storage: Storage, group: GroupId): boolean {
  return storage.reader(group).lastIndex() > 0;
}

// As in etcd, every first member starts from the same snapshot, which holds only the configuration.
export function bootstrapGroup(storage: Storage, group: GroupId, voters: readonly NodeId[]): Promise<void> {
  const confState = onlyVoters(voters);
  const snapshot = { index: logIndex(1), term: term(1), confState, data: new Uint8Array() };
  return storage.write({ group, hardState: null, entries: [], snapshot });
}
