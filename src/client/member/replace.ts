// The waiting half of a replacement: the request is repeated until the newcomer has caught up. After an
// interruption it is simply made again.

import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../../core/base/errors.ts";
import { MemberKind } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { LocalDeps } from "../local/deps.ts";
import { addLocalMember, type MemberOrder } from "./local-member.ts";

const ASK_EVERY_MS = 200;

export interface Replacement {
  readonly name: string;
  readonly with: string;
}

/**
 * Makes the newcomer a learner of a local fleet, or finishes that. Null when there is nothing to do: the
 * fleet is elsewhere, the newcomer votes already, or there is no member to replace.
 */
export async function newcomer(
  client: FleetClient,
  directory: string | undefined,
  wanted: Replacement,
  order: MemberOrder,
  deps: LocalDeps,
): Promise<ChangeMembershipResponse | null> {
  const { members } = await client.listMembers();
  const find = (name: string) => members.find(({ member }) => member?.name === name)?.member;
  const known = find(wanted.with);
  const isToMake =
    known === undefined ? find(wanted.name) !== undefined : known.wanted === MemberKind.LEARNER;
  if (directory === undefined || !isToMake) return null;
  return addLocalMember(client, directory, { name: wanted.with, learner: true }, order, deps);
}

/** Resolves once `wanted.with` is a voter and `wanted.name` has been removed. */
export async function replaceMember(
  client: FleetClient,
  wanted: Replacement,
  order: MemberOrder,
  timeoutMs: number,
  onProgress: (step: string) => void,
): Promise<ChangeMembershipResponse> {
  const endMs = performance.now() + timeoutMs;
  const request = { ...order, change: { $case: "replace", value: wanted } } as const;
  for (let asked = 0; ; asked += 1) {
    try {
      return await client.changeMembership(request);
    } catch (error) {
      const isEarly = error instanceof OperatorError && error.code === "MEMBER_NOT_CAUGHT_UP";
      if (!isEarly || performance.now() >= endMs) throw error;
      if (asked === 0) onProgress(`${wanted.with} catches up`);
      await sleep(ASK_EVERY_MS);
    }
  }
}
