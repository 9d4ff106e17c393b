// The rule by which a disk counts as slow and leadership leaves it, look by look.

import { describe, expect, test } from "vitest";
import { type GroupId, logIndex, type NodeId, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { GroupRules } from "../../../../src/core/coordinator/host/host-options.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import { DiskWatch } from "../../../../src/core/coordinator/leadership/disk-watch.ts";
import {
  type DiskReport,
  healthiestVoter,
  IDLE_LOOKS,
  judgeDisk,
  LEADING_LOOKS,
  LOOK_EVERY_MS,
  SLOW_LOOKS,
  SOUND,
  SOUND_LOOKS,
  slowMsOf,
} from "../../../../src/core/coordinator/leadership/slow-disk.ts";
import { Replica } from "../../../../src/core/coordinator/membership/replica.ts";
import type { RaftStatus } from "../../../../src/core/raft/status.ts";
import { SyncLatency, type SyncSight } from "../../../../src/core/storage/sync-latency.ts";

const SLOW_MS = slowMsOf(PROFILES.lan);
const slow: SyncSight = { medianMs: SLOW_MS, underWayMs: 0 };
const quick: SyncSight = { medianMs: 1, underWayMs: 0 };
const hanging: SyncSight = { medianMs: null, underWayMs: SLOW_MS };
const idle: SyncSight = { medianMs: null, underWayMs: 0 };
const times = (count: number, sight: SyncSight) => Array<SyncSight>(count).fill(sight);
const judged = (sights: readonly SyncSight[]) =>
  sights.reduce((before, sight) => judgeDisk(before, sight, SLOW_MS), SOUND);

describe("a disk is slow", () => {
  test.each([
    { sights: times(SLOW_LOOKS - 1, slow), isSlow: false, why: "not yet for good" },
    { sights: times(SLOW_LOOKS, slow), isSlow: true, why: "for good" },
    { sights: times(SLOW_LOOKS, hanging), isSlow: true, why: "a frame that hangs counts" },
    { sights: [...times(SLOW_LOOKS - 1, slow), quick, slow], isSlow: false, why: "a hiccup is not for good" },
    {
      sights: times(SLOW_LOOKS, slow).flatMap((sight) => [sight, idle]),
      isSlow: true,
      why: "idle looks say nothing",
    },
    {
      sights: [...times(SLOW_LOOKS, slow), ...times(SOUND_LOOKS - 1, quick)],
      isSlow: true,
      why: "not yet sound",
    },
    { sights: [...times(SLOW_LOOKS, slow), ...times(SOUND_LOOKS, quick)], isSlow: false, why: "sound again" },
    {
      sights: [...times(SLOW_LOOKS, slow), ...times(SOUND_LOOKS - 1, quick), slow, ...times(5, quick)],
      isSlow: true,
      why: "sound again means in a row",
    },
    {
      sights: [...times(SLOW_LOOKS, slow), ...times(IDLE_LOOKS, idle)],
      isSlow: false,
      why: "nothing is known any more",
    },
  ])("$isSlow: $why", ({ sights, isSlow }) => expect(judged(sights).isSlow).toBe(isSlow));
});

const [n1, n2, n3, n4] = [nodeId(1), nodeId(2), nodeId(3), nodeId(4)];
const report = (differs: Partial<DiskReport> = {}): DiskReport => ({
  medianMs: 1,
  slow: false,
  full: false,
  ...differs,
});

/** The leader 1 of the voters 1, 2, 3 and the learner 4, which all hold entry 10, the last committed one. */
function leading(
  differs: { readonly role?: "follower"; readonly match?: readonly (readonly [NodeId, number])[] } = {},
) {
  const matches = new Map<NodeId, number>([[n1, 10], [n2, 10], [n3, 10], [n4, 10], ...(differs.match ?? [])]);
  return {
    id: n1,
    role: differs.role ?? "leader",
    term: term(2),
    commit: logIndex(10),
    config: { voters: [n1, n2, n3], learners: [n4], votersOutgoing: [], learnersNext: [] },
    progress: new Map(
      [...matches].map(([id, match]) => [id, { match: logIndex(match), isRecentlyActive: true }]),
    ),
  } as unknown as RaftStatus;
}

describe("leadership goes to", () => {
  test.each([
    {
      reports: [
        [n2, report({ medianMs: 5 })],
        [n3, report()],
      ],
      raft: leading(),
      to: n3,
      why: "the quickest disk",
    },
    {
      reports: [
        [n2, report()],
        [n3, report()],
      ],
      raft: leading({ match: [[n3, 12]] }),
      to: n3,
      why: "of equals the further one",
    },
    {
      reports: [
        [n2, report()],
        [n3, report()],
      ],
      raft: leading({ match: [[n2, 9]] }),
      to: n3,
      why: "not to one that lags",
    },
    {
      reports: [
        [n2, report({ slow: true })],
        [n3, report({ full: true })],
      ],
      raft: leading(),
      to: null,
      why: "nobody is better off",
    },
    { reports: [[n4, report()]], raft: leading(), to: null, why: "not to a learner" },
    { reports: [], raft: leading(), to: null, why: "nobody was heard" },
  ] as const)("$to: $why", ({ reports, raft, to }) => {
    expect(healthiestVoter(raft, new Map<NodeId, DiskReport>(reports.map(([id, own]) => [id, own])))).toBe(
      to,
    );
  });
});

describe("a leader with a slow disk", () => {
  test("hands over once it has led for a while, and does not try again at once", () => {
    const { look } = watch(leading());
    const handOvers = Array.from({ length: 3 * LEADING_LOOKS }, () => look()).flatMap((to, at) =>
      to === null ? [] : [at],
    );
    expect(handOvers).toEqual([LEADING_LOOKS - 1, 2 * LEADING_LOOKS - 1, 3 * LEADING_LOOKS - 1]);
  });

  test("keeps leading while every other disk is slow too", () => {
    const { look } = watch(leading(), report({ slow: true }));
    expect(Array.from({ length: 100 }, () => look())).toEqual(Array(100).fill(null));
  });

  test("hands over to nobody that has fallen silent", () => {
    const { look } = watch(leading(), report(), "once");
    expect(Array.from({ length: 100 }, () => look())).toEqual(Array(100).fill(null));
  });

  test("is no matter for a follower", () => {
    const { look } = watch(leading({ role: "follower" }));
    expect(Array.from({ length: 100 }, () => look())).toEqual(Array(100).fill(null));
  });
});

test("a replica with a slow disk does not campaign when its leader is gone, and does once it is sound", () => {
  const disk = { isSlow: true, look: () => null };
  const { rules } = replica(disk);
  expect(rules()?.mayCampaign()).toBe(false);
  disk.isSlow = false;
  expect(rules()?.mayCampaign()).toBe(true);
});

test("a replica asks the voter to which it is to hand over, and none until then", () => {
  let successor: NodeId | null = null;
  const { asked, look } = replica({ isSlow: true, look: () => successor });
  look();
  successor = n3;
  look();
  expect(asked).toEqual([n3]);
});

/** A replica that leads, and what it asks of its driver and its host. */
function replica(disk: Pick<DiskWatch, "isSlow" | "look">) {
  const asked: NodeId[] = [];
  const looks: (() => unknown)[] = [];
  let rules: GroupRules | null = null;
  new Replica({
    ...{ self: n1, rejoin: null, watch: disk },
    driver: { status: leading, transferLeader: (to: NodeId) => asked.push(to) },
    host: { add: (_: GroupId, _driver: unknown, given: GroupRules) => (rules = given) },
    timers: {
      every: (ms: number, action: () => unknown) => ms === LOOK_EVERY_MS && looks.push(action),
      after: () => () => undefined,
    },
  } as never);
  const look = () => {
    for (const action of looks) action();
  };
  return { asked, look, rules: (): GroupRules | null => rules };
}

/** A replica whose every frame is slow, and whose peers report so. */
function watch(raft: RaftStatus, said = report(), heard: "always" | "once" = "always") {
  let nowMs = 0;
  const syncs = new SyncLatency(() => nowMs);
  const disk = new DiskWatch({
    storage: { isFull: false, syncs },
    profile: PROFILES.lan,
    onChange: () => undefined,
  });
  disk.heard(n2, said);
  return {
    look: () => {
      syncs.begin();
      nowMs += SLOW_MS * 2;
      syncs.end();
      if (heard === "always") disk.heard(n2, said);
      return disk.look(raft);
    },
  };
}
