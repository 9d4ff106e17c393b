// A process that led a quiescent group may be back before its silence is noticed, and may have forgotten the group. Found by
// seeds 1294 and 5782 of the simulator: the others waited for it for ever.

import { expect, test } from "vitest";
import { groupId, nodeId } from "../../../../src/core/base/ids.ts";
import { Host } from "../../../../src/core/coordinator/host/host.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import type { TransportEvents } from "../../../../src/core/transport/transport.ts";

const LEADER = nodeId(2);

/** Replica 1 of a quiescent group of three that replica 2 leads. */
function follower({ mayQuiesce = true } = {}) {
  const happened: string[] = [];
  const later: (() => void)[] = [];
  let events: TransportEvents | null = null;
  let leader = LEADER;
  const host = new Host({
    self: nodeId(1),
    profile: PROFILES.lan,
    timers: {
      every: () => () => undefined,
      after: (_, action) => {
        later.push(action);
        return () => undefined;
      },
    },
    transport: {
      start: (given) => {
        events = given;
      },
      send: () => undefined,
      isConnected: () => true,
      quiesce: () => undefined,
      beat: () => undefined,
      close: () => Promise.resolve(),
    },
  });
  const driver = {
    ...{ term: 4, role: "follower", hasWaiting: false },
    get leader() {
      return leader;
    },
    status: () => ({ config: { voters: [1, 2, 3].map(nodeId), votersOutgoing: [] } }),
    unreachable: () => undefined,
    forgetLeader: () => {
      leader = nodeId(0);
      happened.push("forgets its leader");
    },
    campaign: () => happened.push("campaigns"),
  };
  const rules = { mayQuiesce, ticks: () => true, accepts: () => true, mayCampaign: () => true };
  host.add(groupId(7), driver as never, rules);
  host.start();
  const run = () => {
    for (const action of later.splice(0)) action();
  };
  run();
  return { happened, run, host, events: events as unknown as TransportEvents };
}

test("a leader whose process opens its stream again, while it was still heard, leads no longer", () => {
  const { events, run, happened } = follower();
  events.heard(LEADER);
  events.opened(LEADER);
  run();
  expect(happened.slice(0, 2)).toEqual(["forgets its leader", "campaigns"]);
});

test("the first stream of a leader, before anything of it was heard, changes nothing", () => {
  const { events, run, happened } = follower();
  events.opened(LEADER);
  run();
  expect(happened).toEqual([]);
});

test("an open stream is no frame: a process that was removed opens one, too", () => {
  const { events, host } = follower();
  events.opened(LEADER);
  expect(host.hears(LEADER)).toBe(false);
  events.heard(LEADER);
  expect(host.hears(LEADER)).toBe(true);
});

test("a group with a clock of its own is left to it", () => {
  const { events, run, happened } = follower({ mayQuiesce: false });
  events.heard(LEADER);
  events.opened(LEADER);
  run();
  expect(happened).toEqual([]);
});
