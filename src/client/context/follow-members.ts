// Keeps the endpoints of a context true when its fleet's members change. A local fleet's context needs none of this: its
// fleet.yaml says where the nodes are. What must stay true: endpoints that are not members' own addresses, such as those
// of a proxy, are left as the operator wrote them.

import type { SupervisorDeps } from "../processes/supervisor.ts";
import { changeContexts } from "./contexts-file.ts";
import type { Target } from "./target.ts";

export interface MembersChanged {
  /** Addresses of all members. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Whether a change of members may concern a context. */
export const isElsewhere = ({ directory, etcd }: Target): boolean =>
  directory === undefined && etcd === undefined;

/** Changes the context of that name; returns its new endpoints, null when it stays as it is. */
export async function followMembers(
  file: string,
  name: string,
  { before, after }: MembersChanged,
  deps: SupervisorDeps,
): Promise<readonly string[] | null> {
  const { followed } = await changeContexts(file, deps, (contexts) => {
    const stays = { followed: null, change: null };
    const context = contexts.contexts.get(name);
    if (context === undefined || context.directory !== undefined || context.kind !== undefined) return stays;
    const { endpoints } = context;
    if (!endpoints.every((address) => before.includes(address))) return stays;
    const added = after.filter((address) => !before.includes(address));
    const followed = [...endpoints.filter((address) => after.includes(address)), ...added];
    if (followed.length === 0 || followed.join() === endpoints.join()) return stays;
    return { followed, change: { set: { [name]: { ...context, endpoints: followed } } } };
  });
  return followed;
}
