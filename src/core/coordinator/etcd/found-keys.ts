// The key space's group is created at the first request for keys: by the leader of the fleet's group, which another
// member asks. So a fleet without such requests has no such group. Before cluster version 2 there are no such groups.

import { GroupKind } from "../../wire/gen/fleet/v1/command.ts";
import type { ServiceContext } from "../calls/context.ts";
import { createGroup } from "../services/create-group.ts";
import type { ForwardedWrites } from "./forward.ts";

const GROUPS_SINCE_VERSION = 2;
const DEADLINE_MS = 5_000;
/** Another change of the membership may be running. */
const RETRY_AFTER_MS = 250;

/** Returns what to call as long as there is no group. */
export function foundingKeys(context: ServiceContext, forward: ForwardedWrites): () => void {
  let isUnderWay = false;
  return () => {
    if (isUnderWay) return;
    isUnderWay = true;
    const found = context.driver.role === "leader" ? create(context) : askLeader(context, forward);
    // A refusal passes: the next request tries again.
    found
      .catch((error: unknown) =>
        context.internalErrors.noteBug(error, "the creation of the key space's group"),
      )
      .then(() => context.sleep(RETRY_AFTER_MS))
      .catch((error: unknown) => context.internalErrors.note(error, "a pause before the key space's group"))
      .finally(() => {
        isUnderWay = false;
      });
  };
}

async function create(context: ServiceContext): Promise<void> {
  if (!isWanted(context)) return;
  const identity = { kind: "replica", id: context.self } as const;
  const caller = { identity, deadline: context.clock.monotonicMs() + DEADLINE_MS };
  await createGroup(
    context,
    { kind: GroupKind.KEYS, groupId: 0, reason: "the first request for keys" },
    caller,
  );
}

/** Any forwarded request tells the leader that keys are wanted. */
async function askLeader({ driver, clock, self }: ServiceContext, forward: ForwardedWrites): Promise<void> {
  if (driver.leader === 0) return;
  const nothing = { $case: "operation", value: { kind: undefined, leasesSeenAt: 0 } } as const;
  const deadline = clock.monotonicMs() + DEADLINE_MS;
  const identity = { kind: "replica", id: self } as const;
  await forward.ask(driver.leader, nothing, { identity, deadline, isCleanUp: true });
}

function isWanted({ driver, machine }: ServiceContext): boolean {
  if (driver.role !== "leader" || driver.isRestoring || machine.isRestoring) return false;
  const { clusterVersion, tables } = machine.view;
  if (clusterVersion < GROUPS_SINCE_VERSION) return false;
  for (const { kind } of tables.groups.rows()) if (kind === GroupKind.KEYS) return false;
  return true;
}
