// What a drill saw when all went well, for tests of what is made of it.

import type { Observation } from "../../../src/core/drill/observation.ts";

export const observed: Observation = {
  ...{
    expects: "new-leader",
    victims: ["n1"],
    staleReads: 0,
    acknowledgedMeanwhile: 0,
    shardGaps: 0,
    unmet: [],
    endedMs: 6_000,
  },
  stages: {
    ...{ detected: 100, candidate: 200, elected: 300, committed: 350 },
    ...{ "first-write": 450, "first-read": 460, "lag-gone": 900, redundant: 950 },
  },
  fault: { fromMs: 2_000, toMs: 4_000 },
  clients: [{ client: "writer", longestGapMs: 450, fromMs: 1_990 }],
  errors: { UNAVAILABLE: 2 },
  evidence: [],
  slices: [],
  roles: [],
};
