// The settings of a coordinator that a test starts in its own process and that does not ask about them.

import type { CoordinatorOptions } from "../src/core/coordinator/coordinator-options.ts";

export const plainSettings = {
  profile: "lan",
  snapshotEvery: 1_000,
  snapshotBytesPerSecond: 64 * 1024 * 1024,
  auditExportEvery: 1_000,
  metricsAddress: "",
  snapshotExports: null,
  liveness: { suspectAfterMs: 30_000, deadAfterMs: 60_000 },
} satisfies Partial<CoordinatorOptions>;
