// Waits until a member has its wanted role in every group: the fleet's own, and each other, such as the keys'. A new one
// must first ask for admission, take a copy and catch up in each. A voter's role says that it has; a learner's does not.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { MemberKind } from "../../core/wire/gen/fleet/v1/command.ts";
import type { MemberView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { MemberRole } from "../../core/wire/gen/fleet/v1/views.ts";
import type { FleetClient } from "../fleet-client.ts";
import { type RevokedMember, renewalOf, revokedMembers } from "../revoked-members.ts";

const LOOK_EVERY_MS = 100;

/**
 * Resolves once `name` votes in every group, or is a learner that has caught up if that is wanted. `onProgress` is
 * called each time something changes.
 */
export async function waitForMember(
  client: FleetClient,
  name: string,
  timeoutMs: number,
  onProgress: (step: string) => void,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  let said = "";
  for (;;) {
    const { members } = await client.listMembers();
    const view = members.find(({ member }) => member?.name === name);
    if (view !== undefined && isAsWanted(view)) return;
    const now = stateWords(name, view);
    if (now !== said) onProgress(now);
    said = now;
    if (performance.now() >= endMs) throw await notReady(client, name, now, timeoutMs);
    await sleep(LOOK_EVERY_MS);
  }
}

function isAsWanted(view: MemberView): boolean {
  return isInFleet(view) && view.groupsBehind === 0 && (view.role === MemberRole.VOTER || view.lag === 0);
}

function isInFleet({ member, role }: MemberView): boolean {
  return role === (member?.wanted === MemberKind.LEARNER ? MemberRole.LEARNER : MemberRole.VOTER);
}

function stateWords(name: string, view: MemberView | undefined): string {
  if (view !== undefined && isInFleet(view) && view.groupsBehind > 0) {
    const groups = view.groupsBehind === 1 ? "1 more group" : `${view.groupsBehind} more groups`;
    return `${name} is in the fleet's own group, and joins ${groups}`;
  }
  if (view?.role === MemberRole.LEARNER) return `${name} learns`;
  return `${name} has not asked for admission yet`;
}

function noneIfUnanswered(error: unknown): readonly RevokedMember[] {
  if (error instanceof OperatorError) return [];
  throw error;
}

async function notReady(
  client: FleetClient,
  name: string,
  state: string,
  timeoutMs: number,
): Promise<OperatorError> {
  // Without an answer the usual cause is named: this error must not be replaced by another one.
  const revoked = await revokedMembers(client, {}).catch(noneIfUnanswered);
  const isRevoked = revoked.some((member) => member.name === name);
  const again = `it continues by itself, so do not add ${name} again`;
  return new OperatorError("MEMBER_NOT_READY", {
    what: `after ${timeoutMs / 1000} s ${state}`,
    why: isRevoked
      ? "its certificate is revoked, so every other member refuses it: fleet cert revoked"
      : "its process is not running, cannot reach the leader, or is still catching up",
    next: isRevoked ? `${renewalOf(name)}; ${again}` : `see its log, and fleet member list; ${again}`,
    exit: Exit.TimedOut,
  });
}
