// Which running plans have lost their process, as far as the leader knows.

import type { Plan } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { PlanRunner } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { RENEW_EVERY_MS } from "./runner-heartbeat.ts";

/** A runner that does not renew for so long is taken to be gone. */
export const SILENT_AFTER_MS = 4 * RENEW_EVERY_MS;

/** What a leader answers. A bundle of an older build has no runners. */
interface ListedPlans {
  readonly plans: readonly Plan[];
  readonly runners?: readonly PlanRunner[];
}

/** A running plan without a sign of its runner. */
export interface SilentRunner {
  readonly plan: Plan;
  readonly silentMs: number;
}

export function silentRunners({ plans, runners = [] }: ListedPlans): readonly SilentRunner[] {
  const silences = new Map(runners.map(({ planId, silentMs }) => [planId, silentMs]));
  return plans.flatMap((plan) => {
    const silentMs = silences.get(plan.planId) ?? 0;
    return silentMs > SILENT_AFTER_MS ? [{ plan, silentMs }] : [];
  });
}
