// How this replica and its followers have been doing lately, for operators.

import { elapsedMs } from "../../base/clock.ts";
import { logIndex } from "../../base/ids.ts";
import type {
  Checkpoint,
  FollowerProgress,
  QuorumMargin,
  Reign,
  Vitals,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { ReignEnd } from "../../wire/gen/fleet/v1/views.ts";
import type { ServiceContext } from "../calls/context.ts";

const ENDS = {
  "handed-over": ReignEnd.HANDED_OVER,
  disconnected: ReignEnd.DISCONNECTED,
  silent: ReignEnd.SILENT,
  "quorum-lost": ReignEnd.QUORUM_LOST,
  superseded: ReignEnd.SUPERSEDED,
} as const;

// Replicas that are asked at different moments share some of these indexes, however fast entries come.
const CHECKPOINT_STEPS = [1, 16, 256, 2_048];
const CHECKPOINTS_A_STEP = 2;

type RaftStatus = ReturnType<ServiceContext["driver"]["status"]>;

export function vitals(context: ServiceContext, raft: RaftStatus): Vitals {
  const { driver, clock, sizes } = context;
  const leads = raft.role === "leader";
  const rates = driver.meter.history?.rates.perSecond() ?? { commits: 0, applies: 0 };
  const latency = leads ? driver.meter.history?.commits.latency(clock.monotonicMs()) : null;
  return {
    commitsPerSecond: rates.commits,
    appliesPerSecond: rates.applies,
    commitMedianMs: latency?.medianMs,
    commitP99Ms: latency?.p99Ms,
    quorum: leads ? quorumMargin(context, raft) : undefined,
    ...sizes(),
    reigns: reigns(context),
    checkpoints: checkpoints(context),
    wallClockMs: clock.wallMs(),
  };
}

/** In a joint configuration the half with fewer voters to spare counts: each half needs its majority. */
function quorumMargin({ self, answers }: ServiceContext, { config }: RaftStatus): QuorumMargin {
  const isHere = (id: RaftStatus["id"]) => id === self || answers(id);
  const spare = (voters: readonly RaftStatus["id"][]) =>
    voters.filter(isHere).length - (Math.floor(voters.length / 2) + 1);
  const halves = [config.voters, config.votersOutgoing].filter((voters) => voters.length > 0);
  const voters = [...new Set(halves.flat())];
  const canLose = Math.max(0, Math.min(...halves.map(spare)));
  return { voters: voters.length, answering: voters.filter(isHere).length, canLose };
}

function reigns({ driver, clock }: ServiceContext): Reign[] {
  const now = clock.monotonicMs();
  const age = (atMs: number) => Math.round(elapsedMs(atMs, now));
  return (driver.meter.history?.reigns.all ?? []).map(({ leader, term, fromMs, end }) => ({
    leaderId: leader,
    term,
    fromAgeMs: age(fromMs),
    untilAgeMs: end === null ? undefined : age(end.atMs),
    ended: end === null ? ReignEnd.UNSPECIFIED : ENDS[end.why],
  }));
}

function checkpoints({ driver, machine }: ServiceContext): Checkpoint[] {
  if (driver.isRestoring) return [];
  const indexes = CHECKPOINT_STEPS.flatMap((step) => {
    const newest = driver.appliedIndex - (driver.appliedIndex % step);
    return Array.from({ length: CHECKPOINTS_A_STEP }, (_, before) => newest - before * step);
  });
  return [...new Set(indexes)].flatMap((index) => {
    const hash = index > 0 ? machine.hashAt(index) : null;
    return hash === null ? [] : [{ index, hash }];
  });
}

export function followers(context: ServiceContext, raft: RaftStatus): FollowerProgress[] {
  const { self, driver, clock, transferTo, roundTripMs } = context;
  const now = clock.monotonicMs();
  const commits = driver.meter.history?.commits;
  return [...raft.progress]
    .filter(([id]) => id !== self)
    .map(([id, progress]) => ({
      nodeId: id,
      matchIndex: progress.match,
      nextIndex: progress.next,
      state: progress.state,
      active: progress.isRecentlyActive,
      inflight: progress.inflight,
      paused: progress.isPaused,
      lagEntries: Math.max(0, raft.lastIndex - progress.match),
      lagMs: Math.round(commits?.lagMs(logIndex(progress.match), raft.lastIndex, now) ?? 0),
      learner: progress.isLearner,
      roundTripMs: roundTripMs(id) ?? undefined,
      snapshot: transferTo(id) ?? undefined,
    }));
}
