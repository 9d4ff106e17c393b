// Keeps the endpoints of a context true when its fleet's members change. A local fleet's context needs none of this: its
// fleet.yaml says where the nodes are. What must stay true: endpoints that are not members' own addresses, such as those
// of a proxy, are left as the operator wrote them.

import { OperatorError } from "../../core/base/errors.ts";
import { isSystemError } from "../../core/base/system-error.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import { type Contexts, type ContextsChange, changeContexts, loadContexts } from "./contexts-file.ts";
import type { Target } from "./target.ts";

export interface MembersChanged {
  /** Addresses of all members. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Whether a change of members may concern a context. */
export const isElsewhere = ({ directory, etcd }: Target): boolean =>
  directory === undefined && etcd === undefined;

interface Decision {
  readonly followed: readonly string[] | null;
  readonly change: ContextsChange | null;
}

const STAYS: Decision = { followed: null, change: null };

/**
 * Changes the context of that name; returns its new endpoints, null when it stays as it is. Then nothing is written, not
 * even a lock: a user who has no such context may have no home that can be written.
 */
export async function followMembers(
  file: string,
  name: string,
  changed: MembersChanged,
  deps: SupervisorDeps,
): Promise<readonly string[] | null> {
  const decide = (contexts: Contexts) => decisionOn(contexts, name, changed);
  if (decide(await loadContexts(file)).change === null) return null;
  const { followed } = await changeContexts(file, deps, decide);
  return followed;
}

/** What is said of the context of that name once the members have changed: what fails then is no failure of the change. */
export async function followedNote(
  name: string,
  follow: () => Promise<readonly string[] | null>,
): Promise<string | null> {
  try {
    const endpoints = await follow();
    return endpoints && `context ${name} now names ${endpoints.join(", ")}`;
  } catch (error) {
    if (!(error instanceof OperatorError) && !isSystemError(error)) throw error;
    const why = error instanceof OperatorError ? error.parts.what : error.message;
    return `the members have changed, but the endpoints of context ${name} may be the old ones: ${why}`;
  }
}

function decisionOn({ contexts }: Contexts, name: string, { before, after }: MembersChanged): Decision {
  const context = contexts.get(name);
  if (context === undefined || context.directory !== undefined || context.kind !== undefined) return STAYS;
  const { endpoints } = context;
  if (!endpoints.every((address) => before.includes(address))) return STAYS;
  const added = after.filter((address) => !before.includes(address));
  const followed = [...endpoints.filter((address) => after.includes(address)), ...added];
  if (followed.length === 0 || followed.join() === endpoints.join()) return STAYS;
  return { followed, change: { set: { [name]: { ...context, endpoints: followed } } } };
}
