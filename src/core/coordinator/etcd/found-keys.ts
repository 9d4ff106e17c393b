// The leader of the fleet's group creates the key space's group, once, when it serves etcd's API itself. Before cluster
// version 2 there are no such groups.

import { GroupKind } from "../../wire/gen/fleet/v1/command.ts";
import type { ServiceContext } from "../calls/context.ts";
import { createGroup } from "../services/create-group.ts";

const GROUPS_SINCE_VERSION = 2;
const DEADLINE_MS = 5_000;
/** Another change of the membership may be running. */
const RETRY_AFTER_MS = 1_000;

/** Returns what to call from time to time. */
export function foundingKeys(context: ServiceContext): () => void {
  let isFounding = false;
  return () => {
    if (isFounding || !isWanted(context)) return;
    isFounding = true;
    const identity = { kind: "replica", id: context.self } as const;
    const caller = { identity, deadline: context.clock.monotonicMs() + DEADLINE_MS };
    const request = { kind: GroupKind.KEYS, groupId: 0, reason: "this fleet serves etcd's API" };
    // A refusal passes: the next look tries again.
    void createGroup(context, request, caller)
      .catch(() => context.sleep(RETRY_AFTER_MS))
      .finally(() => {
        isFounding = false;
      });
  };
}

function isWanted({ driver, machine }: ServiceContext): boolean {
  if (driver.role !== "leader" || driver.isRestoring || machine.isRestoring) return false;
  const { clusterVersion, tables } = machine.view;
  if (clusterVersion < GROUPS_SINCE_VERSION) return false;
  for (const { kind } of tables.groups.rows()) if (kind === GroupKind.KEYS) return false;
  return true;
}
