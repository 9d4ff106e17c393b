// What a fleet of one node needs in order to grow after a recovery, also if its coordinators shared a process (ADR-0075).

import { expect, test } from "vitest";
import type { FleetFile } from "../../../../src/client/files/fleet-file.ts";
import { stepsToGrow } from "../../../../src/client/files/shared-process.ts";

const file: FleetFile = {
  ...{ name: "local", clusterId: "c", profile: "lan", nodes: [], shards: [], clusters: [] },
};
const ADDS = ["fleet member add n2 --wait", "fleet member add n3 --wait"];

test.each([
  { inProcess: undefined, names: ["n2", "n3"], steps: ["fleet up", ...ADDS], why: "each has a process" },
  { inProcess: true as const, names: [], steps: ["fleet up"], why: "nothing is to be added" },
  {
    ...{ inProcess: true as const, names: ["n2", "n3"], why: "`fleet member add` is refused in one process" },
    steps: [
      'remove "inProcess: true" from /f/fleet.yaml, then: fleet up',
      ...ADDS,
      'to run them in one process again: fleet down, write "inProcess: true" into /f/fleet.yaml, fleet up',
    ],
  },
])("in one process: $inProcess, to add: $names: $why", ({ inProcess, names, steps }) => {
  const fleet = { directory: "/f", file: inProcess === true ? { ...file, inProcess } : file };
  expect(stepsToGrow(fleet, names)).toEqual(steps);
});
