// A change of the membership as an administrator asks for it, and how it was answered.

import type { ChangeMembershipRequest } from "../wire/gen/fleet/v1/coordinator.ts";

export type Change = NonNullable<ChangeMembershipRequest["change"]>;

/** `reason`: the stable one of the error; null = done. */
export interface Answer {
  readonly reason: string | null;
}
