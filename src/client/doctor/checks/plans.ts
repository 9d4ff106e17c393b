// Whether migrations in waves continue.

import { formatDuration } from "../../../core/base/duration.ts";
import type { Check } from "../check.ts";
import type { Tables } from "../tables.ts";

export const planChecks: readonly Check<Tables>[] = [
  {
    id: "plan.runner",
    severity: "warning",
    why: "the plan does not continue, and no other plan may move its clusters",
    look: ({ silentRunners }) =>
      silentRunners.map(({ plan: { planId, runner }, silentMs }) => ({
        subject: planId,
        evidence: `its runner ${runner} has given no sign for ${formatDuration(silentMs)}`,
        next: `fleet rebind resume ${planId}`,
      })),
  },
];
