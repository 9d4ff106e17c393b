// Waiting for a fleet that was just started: a leader, and a write that it has committed.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../core/base/errors.ts";
import type { Target } from "./context/target.ts";
import { FleetClient } from "./fleet-client.ts";
import type { WaitReady } from "./local/deps.ts";

const LOOK_EVERY_MS = 50;

/** The write that proves a quorum clears the probes of a drill that never was: it changes nothing. */
export const waitReady: WaitReady = async (target: Target, deadlineMs, onProgress, signal) => {
  const endMs = performance.now() + deadlineMs;
  const client = FleetClient.connect(target);
  try {
    onProgress("waiting for a leader");
    for (;;) {
      const { leader, nodes } = await client.status({ perNodeTimeoutMs: 300 });
      const name = nodes.find((node) => node.nodeId === leader && leader !== null)?.name;
      if (name !== undefined) {
        onProgress("waiting for a committed write");
        const drillId = "fleet-ready";
        const operation = { kind: { $case: "clearProbes", value: { drillId } } } as const;
        await client.submit(operation, {
          reason: "start",
          deadlineMs: Math.max(1, endMs - performance.now()),
        });
        return { leader: name };
      }
      if (performance.now() >= endMs || signal.aborted) throw noLeader(deadlineMs);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  } finally {
    client.close();
  }
};

function noLeader(deadlineMs: number): OperatorError {
  return new OperatorError("NO_LEADER", {
    what: `no leader was elected within ${deadlineMs / 1000} s`,
    why: "fewer than a quorum of nodes can reach each other",
    next: "see which nodes are up with fleet status, and read the log files in the fleet's folder",
    exit: Exit.NoQuorum,
  });
}
