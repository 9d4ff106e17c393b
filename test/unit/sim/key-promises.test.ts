// What the simulator demands of leases, where replicas apply the same entries at different times.

import { expect, test } from "vitest";
import type { Applied } from "../../../src/core/kv/key-response.ts";
import { KeyPromises } from "../../../src/core/sim/keys/key-promises.ts";
import { drawSwarm } from "../../../src/core/sim/swarm.ts";
import type { KeyOperation } from "../../../src/core/wire/gen/fleet/v1/key_command.ts";

const LEASE = 7;

/** Two replicas of one key space, which report each applied entry, and the virtual time. */
function twoReplicas() {
  const queue = { nowMs: 0 };
  const promises = KeyPromises.of({ ...drawSwarm(1), noises: new Set() }, queue as never);
  const [first, second] = [promises.listener(() => null), promises.listener(() => null)];
  const entry = (response: object, operation: object = {}) =>
    [
      [{ events: [], answer: { ok: true, response } } as unknown as Applied],
      [{ kind: operation } as unknown as KeyOperation],
    ] as const;
  return {
    queue,
    promises,
    first: first.applied,
    second: second.applied,
    granted: entry({ $case: "leaseGrant", value: { ID: LEASE, TTL: 2 } }),
    expired: entry({ $case: "leaseExpiry", expired: [LEASE] }),
    leads: (term: number) =>
      entry({ $case: "leaseTerm", isNewest: true }, { $case: "leaseTerm", value: { term } }),
  };
}

test("a takeover asks nothing of a lease that has ended, also where a replica applies its end later", () => {
  const { queue, promises, first, second, granted, expired, leads } = twoReplicas();
  first(...granted);
  queue.nowMs = 2_000;
  first(...expired);
  first(...leads(2));
  queue.nowMs = 2_100;
  second(...granted);
  second(...expired);
  expect(promises.counts.leasesEnded).toBe(1);
});

test("a takeover gives a lease that has not ended its whole TTL again", () => {
  const { queue, first, granted, expired, leads } = twoReplicas();
  first(...granted);
  queue.nowMs = 2_000;
  first(...leads(2));
  queue.nowMs = 2_100;
  expect(() => first(...expired)).toThrow("lease 7 ended at 2100, not at 3998 ms");
});
